# SPDX-License-Identifier: Apache-2.0
#
# How every target of this repository is compiled: otium_compile_options holds
# what is ours alone; sanitizers are global, because all objects must agree.
# The instruction set stays the platform's baseline: kernels choose theirs at
# run time, by Highway.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")

add_library(otium_compile_options INTERFACE)
target_compile_options(otium_compile_options INTERFACE
  # Op and kernel tables name only the fields that are not default.
  -Wall -Wextra -Wno-missing-field-initializers $<$<BOOL:${OTIUM_WERROR}>:-Werror>
  # GCC 12 cannot see through Abseil's inlined vectors.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  # Loops are said to be independent for every function of elements, also those
  # that no vector instruction computes.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-pass-failed>
  # a * b + c is what it says, on every instruction set: a multiply-add is
  # written as one where it is meant. Otherwise the bits of a result would
  # depend on the compiler's mood and on the machine.
  -ffp-contract=off
  # Nobody reads errno after sqrt; with it, sqrt cannot be one instruction.
  -fno-math-errno)
# Abseil is some forty shared libraries; those that nothing refers to would
# still cost their share of the start-up time.
target_link_options(otium_compile_options INTERFACE LINKER:--as-needed)

if(OTIUM_SANITIZE)
  add_compile_options(-fsanitize=${OTIUM_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${OTIUM_SANITIZE})
else()
  # An undefined symbol is found here, not when a user loads the library.
  target_link_options(otium_compile_options INTERFACE LINKER:-z,defs)
endif()

# The environment lets checkouts in different folders share one cache.
find_program(OTIUM_CCACHE ccache)
if(OTIUM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${OTIUM_CCACHE})
endif()

# SPDX-License-Identifier: Apache-2.0
#
# Finds what Otium needs, and names what is missing together with the Debian
# package that has it. The results are
#
#   otium_public_packages       targets that Otium's public headers need
#   otium_public_dependencies   those, and the repository root as include path
#   otium_private_dependencies  what only the sources need
#
# tools/install-deps holds the list of packages.

set(otium_missing "")

# otium_find(PACKAGE DEBIAN_PACKAGE [arguments of find_package])
macro(otium_find package debian_package)
  find_package(${package} QUIET ${ARGN})
  if(NOT ${package}_FOUND)
    list(APPEND otium_missing "Otium needs ${package}: install ${debian_package}")
  endif()
endmacro()

set(THREADS_PREFER_PTHREAD_FLAG ON)
otium_find(Threads libc6-dev)
otium_find(absl libabsl-dev CONFIG)
otium_find(hwy libhwy-dev CONFIG)
otium_find(fmt libfmt-dev CONFIG)
otium_find(FastFloat libfast-float-dev CONFIG)
otium_find(nlohmann_json nlohmann-json3-dev CONFIG)
otium_find(CLI11 libcli11-dev CONFIG)
otium_find(ZLIB zlib1g-dev)
otium_find(BLIS libblis-serial-dev)
otium_find(LapackPic "liblapack-dev liblapacke-dev libgfortran-12-dev")
if(NOT OTIUM_STD_THREAD_POOL)
  otium_find(TBB libtbb-dev CONFIG)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  find_package(Libxsmm QUIET)  # Optional: BLIS does its work, more slowly.
else()
  # On x86-64 glibc's libmvec has the transcendental functions.
  otium_find(SLEEF libsleef-dev)
endif()
if(OTIUM_TESTS)
  otium_find(GTest "libgtest-dev libgmock-dev" CONFIG)
endif()
if(OTIUM_BENCHMARKS)
  otium_find(benchmark libbenchmark-dev CONFIG)
endif()

if(otium_missing)
  list(JOIN otium_missing "\n  " otium_missing)
  message(FATAL_ERROR "\n  ${otium_missing}\n"
                      "or run tools/install-deps, which installs all of them.")
endif()

set(otium_public_packages
  absl::status absl::statusor absl::strings absl::inlined_vector absl::span
  absl::optional absl::flat_hash_map)

add_library(otium_public_dependencies INTERFACE)
target_include_directories(otium_public_dependencies INTERFACE "${PROJECT_SOURCE_DIR}")
target_link_libraries(otium_public_dependencies INTERFACE ${otium_public_packages})

add_library(otium_private_dependencies INTERFACE)
target_link_libraries(otium_private_dependencies INTERFACE
  absl::flat_hash_set absl::bits absl::str_format
  FastFloat::fast_float ZLIB::ZLIB hwy::hwy
  LapackPic::LapackPic BLIS::BLIS Threads::Threads ${CMAKE_DL_LIBS})
# What backends/cpu/{blis_arch,lapack_basics}.cc do instead of BLIS and LAPACK. Nothing else
# would take them out of an archive.
foreach(function bli_cpuid_query_id snrm2_ dnrm2_ scnrm2_ dznrm2_ slamch_ dlamch_
        slarfg_ dlarfg_ clarfg_ zlarfg_ slarf_ dlarf_ clarf_ zlarf_ isamax_ idamax_ icamax_
        izamax_ scopy_ dcopy_ ccopy_ zcopy_ sscal_ dscal_ cscal_ zscal_)
  target_link_options(otium_private_dependencies INTERFACE
    LINKER:--wrap=${function} LINKER:--undefined=__wrap_${function})
endforeach()
if(OTIUM_STD_THREAD_POOL)
  target_compile_definitions(otium_private_dependencies INTERFACE OTIUM_STD_THREAD_POOL=1)
else()
  target_link_libraries(otium_private_dependencies INTERFACE TBB::tbb)
endif()
if(Libxsmm_FOUND)
  target_compile_definitions(otium_private_dependencies INTERFACE OTIUM_HAVE_LIBXSMM=1)
  target_link_libraries(otium_private_dependencies INTERFACE Libxsmm::Libxsmm)
endif()
if(SLEEF_FOUND)
  target_link_libraries(otium_private_dependencies INTERFACE SLEEF::SLEEF)
endif()

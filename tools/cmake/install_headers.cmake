# SPDX-License-Identifier: Apache-2.0
#
# Run by `cmake --install`: copies engine/otium.h to include/otium/otium.h and
# tools/viz/viz.h to include/otium/viz.h, and every header of the repository that
# they include, directly or not, to its own path below include/otium/. So the list
# of public headers is never written down, and tests/consumer finds out whether it
# is whole. DLPack's structures, which a program may have from another dlpack.h, are
# for its own choice.
#
# Requires OTIUM_SOURCE_DIR and OTIUM_INCLUDE_DIR (absolute).

cmake_policy(VERSION 3.25)

set(users_include engine/otium.h tools/viz/viz.h)
set(pending ${users_include} engine/io/dlpack_abi.h)
set(seen "")
while(pending)
  list(POP_FRONT pending header)
  if(header IN_LIST seen)
    continue()
  endif()
  list(APPEND seen ${header})

  set(destination "${OTIUM_INCLUDE_DIR}")
  if(NOT header IN_LIST users_include)
    cmake_path(GET header PARENT_PATH folder)
    string(APPEND destination "/${folder}")
  endif()
  file(INSTALL "${OTIUM_SOURCE_DIR}/${header}" DESTINATION "${destination}")

  file(STRINGS "${OTIUM_SOURCE_DIR}/${header}" lines REGEX "^ *# *include +\"")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE ".*\"(.+)\".*" "\\1" included "${line}")
    # Abseil's headers are written in quotes too, and are not ours to install.
    if(EXISTS "${OTIUM_SOURCE_DIR}/${included}")
      list(APPEND pending ${included})
    endif()
  endforeach()
endwhile()

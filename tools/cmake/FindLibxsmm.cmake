# SPDX-License-Identifier: Apache-2.0
#
# Libxsmm::Libxsmm: the static libxsmm (Debian's libxsmm-dev, x86 only). It may
# call sgemm_ and dgemm_, which BLIS supplies; libxsmmnoblas.a, which has stubs
# of those names, must not be linked beside it.

find_path(Libxsmm_INCLUDE_DIR libxsmm.h)
find_library(Libxsmm_LIBRARY NAMES libxsmm.a)
mark_as_advanced(Libxsmm_INCLUDE_DIR Libxsmm_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libxsmm REQUIRED_VARS Libxsmm_LIBRARY Libxsmm_INCLUDE_DIR)

if(Libxsmm_FOUND AND NOT TARGET Libxsmm::Libxsmm)
  find_package(Threads REQUIRED)
  add_library(Libxsmm::Libxsmm STATIC IMPORTED)
  set_target_properties(Libxsmm::Libxsmm PROPERTIES
    IMPORTED_LOCATION "${Libxsmm_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Libxsmm_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "BLIS::BLIS;Threads::Threads;${CMAKE_DL_LIBS};rt;m")
endif()

# SPDX-License-Identifier: Apache-2.0
#
# BLIS::BLIS: the static, single-threaded BLIS (Debian's libblis-serial-dev),
# with its own <blis.h> and <cblas.h>. Debian's other variants start threads of
# their own, and the plain -lblas may be any BLAS, so the exact files are named.

find_path(BLIS_INCLUDE_DIR blis.h PATH_SUFFIXES blis-serial)
find_library(BLIS_LIBRARY NAMES libblis.a PATH_SUFFIXES blis-serial)
mark_as_advanced(BLIS_INCLUDE_DIR BLIS_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(BLIS REQUIRED_VARS BLIS_LIBRARY BLIS_INCLUDE_DIR)

if(BLIS_FOUND AND NOT TARGET BLIS::BLIS)
  add_library(BLIS::BLIS STATIC IMPORTED)
  set_target_properties(BLIS::BLIS PROPERTIES
    IMPORTED_LOCATION "${BLIS_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${BLIS_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES m)
endif()

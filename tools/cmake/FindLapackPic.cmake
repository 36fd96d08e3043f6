# SPDX-License-Identifier: Apache-2.0
#
# LapackPic::LapackPic: the reference LAPACK as position-independent archive
# (Debian's liblapack_pic.a), with <lapack.h> and <lapacke.h>, over BLIS. Not
# the shared one: with OpenBLAS installed, liblapack.so.3 *is* OpenBLAS.

find_path(LapackPic_INCLUDE_DIR lapacke.h)
find_library(LapackPic_LIBRARY NAMES liblapack_pic.a)
find_library(LapackPic_LAPACKE_LIBRARY NAMES liblapacke.a)
# Its folder is the compiler's own, which find_library does not look into.
find_library(LapackPic_GFORTRAN_LIBRARY NAMES gfortran
             HINTS ${CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES})
mark_as_advanced(LapackPic_INCLUDE_DIR LapackPic_LIBRARY
                 LapackPic_LAPACKE_LIBRARY LapackPic_GFORTRAN_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LapackPic REQUIRED_VARS
  LapackPic_LIBRARY LapackPic_LAPACKE_LIBRARY LapackPic_GFORTRAN_LIBRARY
  LapackPic_INCLUDE_DIR)

if(LapackPic_FOUND AND NOT TARGET LapackPic::LapackPic)
  add_library(LapackPic::LapackPic STATIC IMPORTED)
  set_target_properties(LapackPic::LapackPic PROPERTIES
    IMPORTED_LOCATION "${LapackPic_LAPACKE_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${LapackPic_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES
      "${LapackPic_LIBRARY};BLIS::BLIS;${LapackPic_GFORTRAN_LIBRARY}")
endif()

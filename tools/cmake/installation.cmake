# SPDX-License-Identifier: Apache-2.0
#
# `cmake --install`: the libraries, the program, the public headers, and the
# package config that makes `find_package(otium)` and `otium::otium` work, and `otium::viz`.

include(CMakePackageConfigHelpers)

set(otium_config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/otium")
install(TARGETS otium otium_viz EXPORT otiumTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT otiumTargets NAMESPACE otium:: DESTINATION ${otium_config_dir})
if(TARGET otium_cli)
  install(TARGETS otium_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES "${PROJECT_SOURCE_DIR}/tools/otium/otium.1"
          DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()

install(CODE "
  set(OTIUM_SOURCE_DIR \"${PROJECT_SOURCE_DIR}\")
  set(OTIUM_INCLUDE_DIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_INCLUDEDIR}/otium\")")
install(SCRIPT "${PROJECT_SOURCE_DIR}/tools/cmake/install_headers.cmake")

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/tools/cmake/otiumConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/otiumConfig.cmake"
  INSTALL_DESTINATION ${otium_config_dir})
# Below 1.0 a minor version may change the API.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/otiumConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/otiumConfig.cmake"
              "${PROJECT_BINARY_DIR}/otiumConfigVersion.cmake"
        DESTINATION ${otium_config_dir})

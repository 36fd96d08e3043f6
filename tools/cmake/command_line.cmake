# SPDX-License-Identifier: Apache-2.0
#
# The program `otium`: a user of libotium.so like any other.

file(GLOB_RECURSE otium_cli_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/otium/*.cc")
if(otium_cli_sources)
  add_executable(otium_cli ${otium_cli_sources})
  set_target_properties(otium_cli PROPERTIES
    OUTPUT_NAME otium
    INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
  target_link_libraries(otium_cli PRIVATE
    otium::otium otium::viz otium_compile_options
    CLI11::CLI11 fmt::fmt nlohmann_json::nlohmann_json)
endif()

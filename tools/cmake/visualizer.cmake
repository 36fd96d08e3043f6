# SPDX-License-Identifier: Apache-2.0
#
# otium_viz: pictures of graphs and plans. A user of libotium.so like any other;
# the program and the tests link it.

file(GLOB otium_viz_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/viz/*.cc")
# The files of the page become strings of the library.
foreach(part html css js)
  set(file "${PROJECT_SOURCE_DIR}/tools/viz/page.${part}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  file(READ "${file}" page_${part})
endforeach()
configure_file("${PROJECT_SOURCE_DIR}/tools/viz/page.cc.in" "${PROJECT_BINARY_DIR}/viz/page.cc" @ONLY)
add_library(otium_viz STATIC ${otium_viz_sources} "${PROJECT_BINARY_DIR}/viz/page.cc")
add_library(otium::viz ALIAS otium_viz)
set_target_properties(otium_viz PROPERTIES POSITION_INDEPENDENT_CODE ON EXPORT_NAME viz)
target_link_libraries(otium_viz
  PUBLIC otium::otium
  PRIVATE $<BUILD_INTERFACE:otium_compile_options> $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>
          ZLIB::ZLIB absl::str_format absl::flat_hash_set)

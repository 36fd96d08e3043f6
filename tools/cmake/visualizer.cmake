# SPDX-License-Identifier: Apache-2.0
#
# otium_viz: pictures of graphs and plans. A user of libotium.so like any other;
# the program and the tests link it.

file(GLOB otium_viz_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/viz/*.cc")
# The page's style and scripts are string literals in the library.
file(GLOB otium_page_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tools/viz/page/*")
set(otium_page_source "${PROJECT_BINARY_DIR}/generated/page_files.cc")
list(JOIN otium_page_files "," otium_page_list)
add_custom_command(
  OUTPUT "${otium_page_source}"
  COMMAND "${CMAKE_COMMAND}" -D "FILES=${otium_page_list}" -D "OUTPUT=${otium_page_source}"
          -P "${PROJECT_SOURCE_DIR}/tools/cmake/embed_page.cmake"
  DEPENDS ${otium_page_files} "${PROJECT_SOURCE_DIR}/tools/cmake/embed_page.cmake"
  VERBATIM)

add_library(otium_viz STATIC ${otium_viz_sources} "${otium_page_source}")
add_library(otium::viz ALIAS otium_viz)
set_target_properties(otium_viz PROPERTIES POSITION_INDEPENDENT_CODE ON EXPORT_NAME viz)
target_link_libraries(otium_viz
  PUBLIC otium::otium
  PRIVATE $<BUILD_INTERFACE:otium_compile_options> $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>
          ZLIB::ZLIB absl::str_format absl::flat_hash_set)

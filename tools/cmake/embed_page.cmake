# SPDX-License-Identifier: Apache-2.0
#
# cmake -D FILES=a.js,b.css -D OUTPUT=page_files.cc -P embed_page.cmake
#
# The files of tools/viz/page/ as string literals, declared in tools/viz/page_files.h.

string(REPLACE "," ";" files "${FILES}")
set(code "// Made by embed_page.cmake of tools/viz/page/.
#include \"tools/viz/page_files.h\"

namespace otium::viz {

absl::string_view PageFile(absl::string_view name) {\n")
foreach(file IN LISTS files)
  cmake_path(GET file FILENAME name)
  file(READ "${file}" text)
  string(APPEND code "  if (name == \"${name}\") return R\"otium_page(${text})otium_page\";\n")
endforeach()
string(APPEND code "  return {};\n}\n\n}  // namespace otium::viz\n")
file(WRITE "${OUTPUT}" "${code}")

// SPDX-License-Identifier: Apache-2.0
//
// The page: page/index.html with the files that it names put in their places, and
// the JSON of the document, deflated and in base64, which the page inflates itself.
// Without scripts the picture (svg.cc) is shown. Names of strangers are in the file as
// text that is escaped, or as data. Tested by tests/cli/page_test.py.

#include <zlib.h>

#include <initializer_list>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tools/viz/display.h"
#include "tools/viz/outputs.h"
#include "tools/viz/page_files.h"

namespace otium::viz {
namespace {

// In zlib's format, which browsers call "deflate".
std::string Deflated(absl::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  const int status =
      compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), Z_DEFAULT_COMPRESSION);
  out.resize(status == Z_OK ? size : 0);
  return out;
}

// `{{name}}` becomes a value of that name, or the page's file. From left to right, once:
// what is put in is not looked at again.
std::string FillIn(absl::string_view text,
                   std::initializer_list<std::pair<absl::string_view, absl::string_view>> values) {
  std::string out;
  while (true) {
    const size_t begin = text.find("{{");
    const size_t end = begin == text.npos ? text.npos : text.find("}}", begin);
    if (end == text.npos) return absl::StrCat(out, text);
    const absl::string_view name = text.substr(begin + 2, end - begin - 2);
    absl::string_view value = PageFile(name);
    for (const auto& [other, of_other] : values) {
      if (name == other) value = of_other;
    }
    absl::StrAppend(&out, text.substr(0, begin), value);
    text.remove_prefix(end + 2);
  }
}

}  // namespace

std::string ToHtml(const Document& document, const Machine& machine) {
  return FillIn(PageFile("index.html"),
                {{"title", EscapeXml(Displayed(document.name, 80))},
                 {"picture", ToSvg(document)},
                 {"data", absl::Base64Escape(Deflated(ToJson(document, machine)))}});
}

}  // namespace otium::viz

// SPDX-License-Identifier: Apache-2.0
//
// One file that works offline and from a file: address: the picture (svg.cc), so
// that it shows something without a script too, and the whole document, deflated,
// for the script.

#include <zlib.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tools/viz/display.h"
#include "tools/viz/outputs.h"
#include "tools/viz/page.h"

namespace otium::viz {
namespace {

// In the format that browsers call "deflate".
std::string Deflated(absl::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  const int status = compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                               reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 6);
  out.resize(status == Z_OK ? size : 0);
  return out;
}

// Once, from left to right: what is put in is not looked at again.
std::string FillIn(absl::string_view text,
                   std::initializer_list<std::pair<absl::string_view, absl::string_view>> values) {
  std::string out;
  while (true) {
    const size_t begin = text.find("{{");
    const size_t end = begin == text.npos ? text.npos : text.find("}}", begin);
    if (end == text.npos) return absl::StrCat(out, text);
    absl::StrAppend(&out, text.substr(0, begin));
    for (const auto& [name, value] : values) {
      if (text.substr(begin + 2, end - begin - 2) == name) absl::StrAppend(&out, value);
    }
    text.remove_prefix(end + 2);
  }
}

}  // namespace

std::string ToHtml(const Document& document, const Machine& machine) {
  return FillIn(
      kPageHtml,
      {{"title", EscapeXml(absl::StrCat(Displayed(document.name, 80), " \xE2\x80\x94 Otium"))},
       {"style", kPageStyle},
       {"script", kPageScript},
       {"picture", ToSvg(document)},
       {"data", absl::Base64Escape(Deflated(ToJson(document, machine)))}});
}

}  // namespace otium::viz

// SPDX-License-Identifier: Apache-2.0
//
// The page: page/index.html with the files that it names put in their places, and
// the JSON of the document, deflated and in base64, which the page inflates itself.
// Without scripts the picture (svg.cc) is shown. Names of strangers are in the file as
// text that is escaped, or as data. Tested by tests/cli/page_test.py.

#include <zlib.h>

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tools/viz/display.h"
#include "tools/viz/outputs.h"
#include "tools/viz/page_files.h"

namespace otium::viz {
namespace {

// A stream of zlib's format, "deflate" to browsers.
std::string Deflated(absl::string_view text) {
  z_stream stream = {};
  deflateInit(&stream, Z_DEFAULT_COMPRESSION);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  // zlib counts in 32 bits what is put in and taken out at once.
  constexpr size_t kMost = std::numeric_limits<uInt>::max();
  size_t in_left = text.size(), out_left = out.size();
  int status = Z_OK;
  while (status == Z_OK) {
    const size_t in = std::min(kMost, in_left), room = std::min(kMost, out_left);
    stream.avail_in = static_cast<uInt>(in);
    stream.avail_out = static_cast<uInt>(room);
    status = deflate(&stream, in == in_left ? Z_FINISH : Z_NO_FLUSH);
    in_left -= in - stream.avail_in;
    out_left -= room - stream.avail_out;
  }
  deflateEnd(&stream);
  out.resize(out.size() - out_left);
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

// SPDX-License-Identifier: Apache-2.0
//
// The page: page/index.html with the files that it names put in their places, and
// the JSON of the document, deflated and in base64, which the page inflates itself.
// Nothing of the document is in the file as HTML but the title, so names of strangers
// cannot be anything but data. Tested by tests/cli/page_test.py.

#include <zlib.h>

#include <algorithm>
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

// Puts `before` + content + `after` where the template names a file:
// `<script src="a.js"></script>`, one a line.
void Inline(std::string& page, const std::string& head, const std::string& tail,
            absl::string_view before, absl::string_view after) {
  for (size_t at = 0; (at = page.find(head, at)) != std::string::npos;) {
    const size_t name = at + head.size(), end = page.find(tail, name);
    const std::string text = absl::StrCat(
        before, PageFile(absl::string_view(page).substr(name, end - name)), after);
    page.replace(at, end + tail.size() - at, text);
    at += text.size();
  }
}

void Fill(std::string& page, const std::string& place, const std::string& text) {
  page.replace(page.find(place), place.size(), text);
}

}  // namespace

std::string ToHtml(const Document& document, const Machine& machine) {
  std::string page(PageFile("index.html"));
  Inline(page, "<link rel=\"stylesheet\" href=\"", "\">", "<style>\n", "</style>");
  Inline(page, "<script src=\"", "\"></script>", "<script>\n", "</script>");
  Fill(page, "{{data}}", absl::Base64Escape(Deflated(ToJson(document, machine))));
  // Last: names that look like places are not filled.
  Fill(page, "{{title}}", EscapeXml(Displayed(document.name, 80)));
  return page;
}

}  // namespace otium::viz

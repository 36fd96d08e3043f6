// SPDX-License-Identifier: Apache-2.0
//
// The files of the page, put into the library when it is built
// (tools/cmake/visualizer.cmake).

#ifndef OTIUM_TOOLS_VIZ_PAGE_H_
#define OTIUM_TOOLS_VIZ_PAGE_H_

#include "absl/strings/string_view.h"

namespace otium::viz {

extern const absl::string_view kPageHtml;    // page.html
extern const absl::string_view kPageStyle;   // page.css
extern const absl::string_view kPageScript;  // page.js

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_PAGE_H_

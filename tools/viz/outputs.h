// SPDX-License-Identifier: Apache-2.0
//
// One function an output, in the file of its name. All are pure: the same bytes for
// the same document.

#ifndef OTIUM_TOOLS_VIZ_OUTPUTS_H_
#define OTIUM_TOOLS_VIZ_OUTPUTS_H_

#include <string>

#include "tools/viz/fold.h"
#include "tools/viz/model.h"

namespace otium::viz {

// How much pictures show before they fold.
inline constexpr int kMaxDrawnInPage = 3000;
inline constexpr int kMaxDrawnInPicture = kAtAGlance;

std::string ToJson(const Document& document, const Machine& machine);  // model_json.cc
std::string ToHtml(const Document& document, const Machine& machine);  // html.cc
std::string ToSvg(const Document& document);                           // svg.cc
std::string ToDot(const Document& document);                           // dot.cc
std::string ToListing(const Document& document);                       // listing.cc

// "plan: 1 step, 12 FLOP, 88 B, estimate 102 ns, peak 16 B".
std::string Summary(const Segment& segment);

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_OUTPUTS_H_

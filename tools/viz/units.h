// SPDX-License-Identifier: Apache-2.0
//
// Quantities for people: three significant digits and a prefix.

#ifndef OTIUM_TOOLS_VIZ_UNITS_H_
#define OTIUM_TOOLS_VIZ_UNITS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace otium::viz {

// "12.3 us".
std::string SecondsText(double seconds);
// "1.5 MiB", in powers of 1024.
std::string BytesText(double bytes);
// "12.3 GFLOP/s", in powers of 1000.
std::string ScaledText(double value, absl::string_view unit);

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_UNITS_H_

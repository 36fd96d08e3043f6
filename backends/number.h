// SPDX-License-Identifier: Apache-2.0
//
// Attributes that are numbers: integers (sizes that are known by now) or floats.

#ifndef OTIUM_BACKENDS_NUMBER_H_
#define OTIUM_BACKENDS_NUMBER_H_

#include <cstdint>
#include <limits>
#include <variant>

#include "engine/graph/attributes.h"

namespace otium {

inline double NumberAsDouble(const AttributeValue& number) {
  const auto* dim = std::get_if<Dim>(&number);
  return dim != nullptr ? static_cast<double>(dim->value()) : std::get<double>(number);
}

// Truncated, as start and step are for an arange of integers; what does not fit is
// the smallest integer, as in a cast.
inline int64_t NumberAsInteger(const AttributeValue& number) {
  if (const auto* dim = std::get_if<Dim>(&number)) return dim->value();
  const double value = std::get<double>(number);
  return value >= -0x1p63 && value < 0x1p63 ? static_cast<int64_t>(value)
                                            : std::numeric_limits<int64_t>::min();
}

}  // namespace otium

#endif  // OTIUM_BACKENDS_NUMBER_H_

// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_OPS_DIMS_ARG_H_
#define OTIUM_OPS_DIMS_ARG_H_

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <utility>

#include "engine/graph/attributes.h"

namespace otium {

// The dimensions that a builder is given: none, one, or several, as PyTorch takes
// them. Implicit on purpose.
//
//   sum(x)   sum(x, -1)   sum(x, {0, 2})   sum(x, dims)
class DimsArg : public std::optional<Ints> {
 public:
  DimsArg(std::nullopt_t = std::nullopt) {}                                    // NOLINT
  DimsArg(int64_t dim) : std::optional<Ints>(Ints{dim}) {}                     // NOLINT
  DimsArg(std::initializer_list<int64_t> dims) : std::optional<Ints>(dims) {}  // NOLINT
  DimsArg(Ints dims) : std::optional<Ints>(std::move(dims)) {}                 // NOLINT
  // sum(x, true) is a forgotten dim before keepdim, not dimension 1.
  template <std::same_as<bool> B>
  DimsArg(B) = delete;
};

}  // namespace otium

#endif  // OTIUM_OPS_DIMS_ARG_H_

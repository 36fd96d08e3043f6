// SPDX-License-Identifier: Apache-2.0
//
// Kernels that move elements say, for each element of the result, which element
// of the operand it is; the copying is here.

#ifndef OTIUM_BACKENDS_REFERENCE_MOVEMENT_H_
#define OTIUM_BACKENDS_REFERENCE_MOVEMENT_H_

#include <cstring>

#include "backends/reference/elements.h"

namespace otium::reference {

inline int64_t Offset(const View& view, absl::Span<const int64_t> index) {
  int64_t offset = 0;
  for (size_t d = 0; d < index.size(); ++d) offset += index[d] * view.strides[d];
  return offset;
}

// result[to] = x[from], bit for bit.
inline void CopyElement(const View& result, absl::Span<const int64_t> to, const View& x,
                        absl::Span<const int64_t> from, int64_t item_size) {
  std::memcpy(static_cast<char*>(result.data) + Offset(result, to) * item_size,
              static_cast<const char*>(x.data) + Offset(x, from) * item_size, item_size);
}

// Calls map(result index, operand index) for every element of result `r`; map
// fills in the second, and the element is copied unless it returns false, which
// leaves a zero.
template <class Map>
void CopyMapped(const LaunchArgs& args, Map&& map, int r = 0) {
  const State& s = *static_cast<const State*>(args.state);
  const int64_t item_size = ItemSize(s.results[r].dtype);
  const View& result = args.results[r];
  Sizes from(s.operands[0].rank(), 0);
  ForEachIndex(s.results[r].sizes, [&](absl::Span<const int64_t> to) {
    if (map(to, absl::MakeSpan(from))) {
      CopyElement(result, to, args.operands[0], from, item_size);
    } else {
      std::memset(static_cast<char*>(result.data) + Offset(result, to) * item_size, 0, item_size);
    }
  });
}

}  // namespace otium::reference

#endif  // OTIUM_BACKENDS_REFERENCE_MOVEMENT_H_

// SPDX-License-Identifier: Apache-2.0
//
// Putting tensors together and taking them apart.

#include <algorithm>

#include "backends/reference/movement.h"
#include "ops/infer.h"

namespace otium::reference {

void Cat(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int dim = *NormalizeDim(s.attributes.Get<int64_t>("dim"), s.results[0].rank());
  int64_t begin = 0;
  for (size_t i = 0; i < s.operands.size(); ++i) {
    if (s.operands[i].NumElements() == 0) continue;  // Of any rank; else all are empty.
    ForEachIndex(s.operands[i].sizes, [&](absl::Span<const int64_t> from) {
      Sizes to(from.begin(), from.end());
      to[dim] += begin;
      CopyElement(args.results[0], to, args.operands[i], from, ItemSize(s.results[0].dtype));
    });
    begin += s.operands[i].sizes[dim];
  }
}

void Stack(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int dim = *NormalizeDim(s.attributes.Get<int64_t>("dim"), s.results[0].rank());
  for (size_t i = 0; i < s.operands.size(); ++i) {
    ForEachIndex(s.operands[i].sizes, [&](absl::Span<const int64_t> from) {
      Sizes to(from.begin(), from.end());
      to.insert(to.begin() + dim, static_cast<int64_t>(i));
      CopyElement(args.results[0], to, args.operands[i], from, ItemSize(s.results[0].dtype));
    });
  }
}

void BlockDiag(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int64_t item_size = ItemSize(s.results[0].dtype);
  ForEachIndex(s.results[0].sizes, [&](absl::Span<const int64_t> to) {
    std::memset(static_cast<char*>(args.results[0].data) + Offset(args.results[0], to) * item_size,
                0, item_size);
  });
  int64_t row = 0, column = 0;
  for (size_t i = 0; i < s.operands.size(); ++i) {
    const Sizes& sizes = s.operands[i].sizes;
    ForEachIndex(sizes, [&](absl::Span<const int64_t> from) {
      const size_t rank = from.size();
      const int64_t to[2] = {row + (rank == 2 ? from[0] : 0),
                             column + (rank >= 1 ? from[rank - 1] : 0)};
      CopyElement(args.results[0], to, args.operands[i], from, item_size);
    });
    row += sizes.size() == 2 ? sizes[0] : 1;
    column += sizes.empty() ? 1 : sizes.back();
  }
}

void Split(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int dim = *NormalizeDim(s.attributes.Get<int64_t>("dim"), s.operands[0].rank());
  int64_t begin = 0;
  for (size_t r = 0; r < s.results.size(); ++r) {
    CopyMapped(
        args,
        [&](absl::Span<const int64_t> to, absl::Span<int64_t> from) {
          std::copy(to.begin(), to.end(), from.begin());
          from[dim] += begin;
          return true;
        },
        static_cast<int>(r));
    begin += s.results[r].sizes[dim];
  }
}

}  // namespace otium::reference

// SPDX-License-Identifier: Apache-2.0
//
// Other shapes of the same elements. Plans make most of these views; here each is
// a copy.

#include <algorithm>
#include <vector>

#include "backends/reference/movement.h"
#include "ops/infer.h"
#include "ops/shape_rules.h"

namespace otium::reference {

// reshape and its kin, squeeze, unsqueeze: element k stays element k.
void CopyInOrder(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  int64_t k = 0;
  CopyMapped(args, [&](absl::Span<const int64_t>, absl::Span<int64_t> from) {
    int64_t rest = k++;
    for (size_t d = from.size(); d-- > 0;) {
      from[d] = rest % s.operands[0].sizes[d];
      rest /= s.operands[0].sizes[d];
    }
    return true;
  });
}

void Permute(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const std::vector<int> p = *PermutationOf(*s.op, s.attributes, s.operands[0].rank());
  CopyMapped(args, [&](absl::Span<const int64_t> to, absl::Span<int64_t> from) {
    for (size_t d = 0; d < to.size(); ++d) from[p[d]] = to[d];
    return true;
  });
}

void Expand(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  CopyMapped(args, [&](absl::Span<const int64_t> to, absl::Span<int64_t> from) {
    const size_t added = to.size() - from.size();
    for (size_t d = 0; d < from.size(); ++d) {
      from[d] = s.operands[0].sizes[d] == 1 ? 0 : to[added + d];
    }
    return true;
  });
}

void Flip(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int rank = s.operands[0].rank();
  const std::vector<int> dims = *NormalizeDims(&s.attributes.Get<Ints>("dims"), rank);
  CopyMapped(args, [&](absl::Span<const int64_t> to, absl::Span<int64_t> from) {
    std::copy(to.begin(), to.end(), from.begin());
    if (rank == 0) return true;
    for (int d : dims) from[d] = s.operands[0].sizes[d] - 1 - to[d];
    return true;
  });
}

// Element i is element i - shift, around the end.
void Roll(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const Sizes& sizes = s.operands[0].sizes;
  const std::vector<int64_t> shifts = *RollShifts(s.attributes, s.operands[0].rank());
  auto back = [](int64_t i, int64_t shift, int64_t size) {
    return ((i - shift % size) % size + size) % size;
  };
  const int64_t total = s.operands[0].NumElements();
  int64_t k = 0;
  CopyMapped(args, [&](absl::Span<const int64_t> to, absl::Span<int64_t> from) {
    if (s.attributes.Find<Ints>("dims") != nullptr) {
      for (size_t d = 0; d < to.size(); ++d) from[d] = back(to[d], shifts[d], sizes[d]);
      return true;
    }
    int64_t rest = back(k++, s.attributes.Get<Ints>("shifts")[0], total);
    for (size_t d = from.size(); d-- > 0;) {
      from[d] = rest % sizes[d];
      rest /= sizes[d];
    }
    return true;
  });
}

}  // namespace otium::reference

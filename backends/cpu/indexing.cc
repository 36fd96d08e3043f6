// SPDX-License-Identifier: Apache-2.0
//
// index_select and gather: element `to` of the result is x at `to`, but for one
// coordinate, which an index tensor says. index_select is a gather whose index is
// the same everywhere else; where that coordinate is not the last, whole rows are
// copied.
//
// Every index that is used is checked there, and the element of a bad one is zero.
// Of bad indices the first in the order of the result is reported, whichever
// thread met it.

#include <atomic>
#include <limits>
#include <memory>
#include <utility>

#include "backends/cpu/prepare.h"
#include "backends/cpu/rows.h"
#include "ops/infer.h"

namespace otium::cpu {
namespace {

struct PickState {
  DType dtype = DType::kF32;
  bool is_wide = true;  // The indices are i64.
  bool is_gather = false;
  int dim = 0;
  int64_t size = 0;  // Of x along dim.
  Sizes sizes;       // Of the result.
};

// The lowest position of a bad index.
class FirstBad {
 public:
  void Report(int64_t position) {
    int64_t known = position_.load(std::memory_order_relaxed);
    while (position < known && !position_.compare_exchange_weak(known, position)) {
    }
  }
  bool found() const { return position_ != kNone; }
  int64_t position() const { return position_; }

 private:
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  std::atomic<int64_t> position_ = kNone;
};

// Negative numbers, and what is missing to those below `size`, have the sign bit.
template <class I>
inline bool AllInRange(const I* index, int64_t step, int64_t n, int64_t size) {
  uint64_t signs = 0;
  for (int64_t j = 0; j < n; ++j) {
    const auto i = static_cast<uint64_t>(int64_t{index[j * step]});
    signs |= i | (static_cast<uint64_t>(size - 1) - i);
  }
  return static_cast<int64_t>(signs) >= 0;
}

template <class E, class I>
void Pick(const LaunchArgs& args, const PickState& s) {
  const View& x = args.operands[0];
  const I* index = args.operands[1].as<const I>();
  const int dim = s.dim;
  Sizes sizes = s.sizes, strides(x.strides, x.strides + sizes.size());
  // The strides of the index tensor along the dimensions of the result.
  Sizes index_strides(args.operands[1].strides,
                      args.operands[1].strides + (s.is_gather ? sizes.size() : 1));
  int64_t inner = 1;  // Elements of the result between neighbours along dim.
  for (size_t d = dim + 1; d < sizes.size(); ++d) inner *= sizes[d];
  if (!s.is_gather) {
    const int64_t stride = index_strides[0];
    index_strides.assign(sizes.size(), 0);
    index_strides[dim] = stride;
    // Dimensions behind dim are one when they lie so.
    while (static_cast<int>(sizes.size()) > dim + 2) {
      const size_t d = sizes.size() - 1;
      if (strides[d - 1] != sizes[d] * strides[d]) break;
      sizes[d - 1] *= sizes[d];
      strides[d - 1] = strides[d];
      sizes.pop_back();
      strides.pop_back();
    }
  }
  const size_t last = sizes.size() - 1;
  const int64_t n = sizes[last], stride = strides[last], along = strides[dim];
  const bool by_rows = !s.is_gather && dim != static_cast<int>(last);
  auto is_bad = [&](int64_t i) {
    return static_cast<uint64_t>(i) >= static_cast<uint64_t>(s.size);
  };
  FirstBad bad;
  const RowSource source = stride == 1 || !by_rows ? RowSource::kDense : RowSource::kStrided;
  WriteRows<E>(args.results[0].data, sizes, source, [&](auto at, auto& out) {
    // What the picked coordinate adds comes with the index.
    const E* row = x.as<const E>() + OffsetOf(at, strides.data());
    const I* row_index = index + OffsetOf(at, index_strides.data());
    auto position = [&](int64_t j) {
      int64_t p = 0;
      for (size_t d = 0; d < at.size(); ++d) p = (p + at[d]) * sizes[d + 1];
      return p + j;
    };
    if (dim < static_cast<int>(last)) row -= at[dim] * along;
    if (by_rows) {
      const int64_t i = *row_index;
      if (!is_bad(i)) return out.Copy(n, row + i * along, stride);
      bad.Report(position(0));
      return out.Zero(n);
    }
    const int64_t step = index_strides[last];
    const int64_t own = dim == static_cast<int>(last) ? 0 : stride;
    out.Generate(n, [&](int64_t begin, int64_t end, E* to) {
      const I* some = row_index + begin * step;
      const int64_t count = end - begin;
      // Checked first: the loops that pick have no branch.
      if (step == 1 ? AllInRange(some, 1, count, s.size) : AllInRange(some, step, count, s.size)) {
        if (step == 1 && own == 0 && along == 1) {
          for (int64_t j = 0; j < count; ++j) to[j] = row[some[j]];
        } else {
          const E* from = row + begin * own;
          for (int64_t j = 0; j < count; ++j) to[j] = from[j * own + some[j * step] * along];
        }
        return;
      }
      for (int64_t j = begin; j < end; ++j) {
        const int64_t i = row_index[j * step];
        if (is_bad(i)) bad.Report(position(j));
        to[j - begin] = is_bad(i) ? E() : row[j * own + i * along];
      }
    });
  });
  if (!bad.found()) return;
  // Reported by its place in the index tensor, with the code of BadIndex.
  int64_t place = bad.position(), offset = 0;
  if (s.is_gather) {
    int64_t rest = place;
    for (size_t d = sizes.size(); d-- > 0; rest /= sizes[d]) {
      offset += rest % sizes[d] * index_strides[d];
    }
  } else {
    place = place / inner % s.sizes[dim];
    offset = place * index_strides[dim];
  }
  const int64_t found = index[offset];
  args.info->code = found < 0 ? found : found + 1;
  args.info->index = place;
}

void LaunchPick(const LaunchArgs& args) {
  const auto& s = *static_cast<const PickState*>(args.state);
  DispatchItem(s.dtype, [&]<class E>(E) {
    if (s.is_wide) Pick<E, int64_t>(args, s);
    else Pick<E, int32_t>(args, s);
  });
}

}  // namespace

Prepared PreparePick(const KernelCall& call) {
  auto state = std::make_shared<PickState>();
  const PhysicalType& x = call.operands[0];
  state->dtype = x.dtype;
  state->is_wide = call.operands[1].dtype == DType::kI64;
  state->is_gather = call.op.id == Op::gather;
  state->dim = *NormalizeDim(call.attributes.Get<int64_t>("dim"), x.rank());
  state->size = x.sizes[state->dim];
  state->sizes = call.results[0].sizes;
  return {LaunchPick, std::move(state), 0};
}

}  // namespace otium::cpu

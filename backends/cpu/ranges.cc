// SPDX-License-Identifier: Apache-2.0
//
// arange and linspace. Floating ranges are computed in f64, a tile at a time, from
// the number of the element (not by adding up steps), and converted by the casts
// of the tapes; integers wrap around.

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/ranges.cc"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"

#include "backends/cpu/parallel.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/tape_kernels.h"
#include "backends/number.h"
#include "ops/creation.h"

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// out[i] = base + (first + i) * step; writes up to a whole vector. Numbers of
// elements are exact in f64.
void Progression(double base, double step, int64_t first, int64_t n, double* out) {
  const hn::ScalableTag<double> d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto bases = hn::Set(d, base), steps = hn::Set(d, step);
  auto numbers = hn::Iota(d, static_cast<double>(first));
  for (int64_t i = 0; i < n; i += lanes) {
    hn::StoreU(hn::Add(bases, hn::Mul(numbers, steps)), d, out + i);
    numbers = hn::Add(numbers, hn::Set(d, static_cast<double>(lanes)));
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
namespace {
HWY_EXPORT(Progression);

struct RangeState {
  DType dtype = DType::kF32;
  int64_t size = 0;
  // Elements before `half` count from the start, the others from the end, so that
  // both ends of a linspace are exact.
  int64_t half = 0;
  double start = 0, step = 0, end = 0;
  MapFn cast = nullptr;  // From f64.
  bool is_integer = false;
  uint64_t first = 0, by = 0;
};

constexpr int64_t kTask = 32768;

template <class T>
void Integers(const RangeState& s, T* out) {
  ParallelForRanges(s.size, kTask, [&](int64_t begin, int64_t end) {
    // Vectors of 64-bit integers are added, not multiplied.
    uint64_t value = s.first + static_cast<uint64_t>(begin) * s.by;
    for (int64_t i = begin; i < end; ++i, value += s.by) out[i] = static_cast<T>(value);
  });
}

void LaunchRange(const LaunchArgs& args) {
  const auto& s = *static_cast<const RangeState*>(args.state);
  if (s.is_integer) {
    if (s.dtype == DType::kI32) Integers(s, args.results[0].as<int32_t>());
    else Integers(s, args.results[0].as<int64_t>());
    return;
  }
  const int64_t item = ItemSize(s.dtype);
  ParallelForRanges(s.size, kTask, [&](int64_t begin, int64_t end) {
    constexpr int64_t kTile = 512;
    alignas(kSplatBytes) double tile[kTile + HWY_MAX_BYTES / sizeof(double)];
    const MapOperand operand{tile, -1};
    for (int64_t i = begin; i < end;) {
      const bool from_start = i < s.half;
      const int64_t n = std::min(kTile, (from_start ? std::min(s.half, end) : end) - i);
      // end - (size - 1 - i) * step is end + (i - (size - 1)) * step, bit by bit.
      if (from_start) HWY_DYNAMIC_DISPATCH(Progression)(s.start, s.step, i, n, tile);
      else HWY_DYNAMIC_DISPATCH(Progression)(s.end, s.step, i - (s.size - 1), n, tile);
      s.cast(&operand, args.results[0].as<char>() + i * item, n);
      i += n;
    }
  });
}

}  // namespace

Prepared PrepareRange(const KernelCall& call) {
  auto state = std::make_shared<RangeState>();
  state->dtype = call.results[0].dtype;
  state->size = call.results[0].sizes[0];
  state->cast = FindCast(DType::kF64, state->dtype);
  if (call.op.id == Op::arange) {
    const ArangeNumbers range = ArangeNumbersOf(call.attributes);
    state->half = state->size;
    state->is_integer = IsInteger(state->dtype);
    if (state->is_integer) {
      state->first = static_cast<uint64_t>(NumberAsInteger(range.start));
      state->by = static_cast<uint64_t>(NumberAsInteger(range.step));
    } else {
      state->start = NumberAsDouble(range.start);
      state->step = NumberAsDouble(range.step);
    }
  } else {
    state->start = NumberAsDouble(call.attributes["start"]);
    state->end = NumberAsDouble(call.attributes["end"]);
    state->half = state->size == 1 ? 1 : state->size / 2;
    if (state->size > 1) {
      state->step = (state->end - state->start) / static_cast<double>(state->size - 1);
    }
  }
  return {LaunchRange, std::move(state), 0};
}

}  // namespace otium::cpu
#endif  // HWY_ONCE

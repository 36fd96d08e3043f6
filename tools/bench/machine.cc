// SPDX-License-Identifier: Apache-2.0

#include "tools/bench/machine.h"

#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tools/bench/machine.cc"
#include "hwy/foreach_target.h"

#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace otium::bench {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;

// Enough sums to hide the latency of two units of four or five cycles.
constexpr int kSums = 12;

double MultiplyAdd() {
  constexpr int64_t kSteps = 1 << 20;
  const D d;
  hn::Vec<D> sums[kSums];
  HWY_UNROLL(12)
  for (int s = 0; s < kSums; ++s) sums[s] = hn::Set(d, static_cast<float>(s));
  const hn::Vec<D> factor = hn::Set(d, 0.999f), term = hn::Set(d, 0.001f);
  for (int64_t i = 0; i < kSteps; ++i) {
    HWY_UNROLL(12)
    for (int s = 0; s < kSums; ++s) sums[s] = hn::MulAdd(sums[s], factor, term);
  }
  HWY_UNROLL(12)
  for (int s = 1; s < kSums; ++s) sums[0] = hn::Add(sums[0], sums[s]);
  // A dependence that the compiler cannot see through.
  volatile float used = hn::GetLane(sums[0]);
  (void)used;
  return 2.0 * kSteps * kSums * static_cast<double>(hn::Lanes(d));
}

float Read(const float* x, int64_t n) {
  constexpr int kStreams = 4;
  constexpr int64_t kTurn = 128;
  const D d;
  constexpr int64_t kLanes = hn::MaxLanes(d);
  const int64_t part = n / kStreams / kTurn * kTurn;
  hn::Vec<D> sums[4];
  HWY_UNROLL(4)
  for (int s = 0; s < 4; ++s) sums[s] = hn::Zero(d);
  for (int64_t i = 0; i < part; i += kTurn) {
    HWY_UNROLL(4)
    for (int stream = 0; stream < kStreams; ++stream) {
      const float* from = x + stream * part + i;
      HWY_UNROLL(16)
      for (int64_t j = 0; j < kTurn; j += 4 * kLanes) {
        HWY_UNROLL(4)
        for (int s = 0; s < 4; ++s) {
          sums[s] = hn::Add(sums[s], hn::LoadU(d, from + j + s * kLanes));
        }
      }
    }
  }
  HWY_UNROLL(4)
  for (int s = 1; s < 4; ++s) sums[0] = hn::Add(sums[0], sums[s]);
  return hn::GetLane(hn::SumOfLanes(d, sums[0]));
}

void ReadTwiceWriteOnce(const float* x, const float* y, int64_t n, float* out) {
  const D d;
  for (int64_t i = 0; i < n; i += static_cast<int64_t>(hn::Lanes(d))) {
    hn::Stream(hn::Add(hn::Load(d, x + i), hn::Load(d, y + i)), d, out + i);
  }
  hwy::FlushStream();
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::bench
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::bench {
namespace {
HWY_EXPORT(MultiplyAdd);
HWY_EXPORT(Read);
HWY_EXPORT(ReadTwiceWriteOnce);
}  // namespace

double MultiplyAdd() { return HWY_DYNAMIC_DISPATCH(MultiplyAdd)(); }
float Read(const float* x, int64_t n) { return HWY_DYNAMIC_DISPATCH(Read)(x, n); }
void ReadTwiceWriteOnce(const float* x, const float* y, int64_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(ReadTwiceWriteOnce)(x, y, n, out);
}

}  // namespace otium::bench
#endif  // HWY_ONCE

// SPDX-License-Identifier: Apache-2.0
//
// rand and randn: the streams of backends/philox.h, several blocks side by side.
// A 64-bit lane holds one 32-bit word of one block: what the multiplication of two
// lanes reads is their lower halves, so nothing need be taken apart or put
// together between rounds, and upper halves may hold anything until the end.
//
// A tile is generated in f32 or f64 and converted by the casts of the tapes.
// Uniform numbers have the bits of the reference. Normal ones are computed in f64
// for all dtypes, as there, with the logarithm, sine and cosine of the tapes (4
// ulp) in place of the C library's: so of f32 and narrower less than one of 10^7
// differs from the reference, by the last bit.
//
// One thread, 4e6 numbers: f32 uniform 6 ms (22 by PyTorch), normal 20 (22); keys
// broadcast from memory and two vectors side by side made the first 2.5 times as
// fast. Tested by tests/cpu/random_test.cc.

#include <algorithm>
#include <cstring>
#include <memory>
#include <numbers>
#include <utility>

#include "backends/cpu/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/random.cc"
#include "hwy/foreach_target.h"

#include "hwy/highway.h"

#include "absl/types/span.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/tape_kernels.h"
#include "backends/cpu/tasks.h"
#include "backends/philox.h"

#ifndef OTIUM_BACKENDS_CPU_RANDOM_TILE_
#define OTIUM_BACKENDS_CPU_RANDOM_TILE_
namespace otium::cpu {
namespace {
// Real numbers of a tile: 4 (f32) or 2 (f64) of a block.
constexpr int64_t kTile = 512;

struct Stream {
  uint64_t seed;
  uint64_t stream;
};
}  // namespace
}  // namespace otium::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace otium::cpu {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using D64 = hn::ScalableTag<uint64_t>;
using V64 = hn::Vec<D64>;
using DReal = hn::ScalableTag<double>;

HWY_INLINE V64 LowWord(V64 v) { return hn::And(v, hn::Set(D64(), 0xffffffffu)); }

// MultiplyWords: the products of the lower words. UniformFloats: UniformFloat of
// two words in one lane, the first one lower.
#if HWY_TARGET == HWY_SCALAR
HWY_INLINE V64 MultiplyWords(V64 a, V64 b) { return V64(LowWord(a).raw * LowWord(b).raw); }
HWY_INLINE V64 UniformFloats(V64 low, V64 high) {
  const float pair[2] = {UniformFloat(static_cast<uint32_t>(low.raw)),
                         UniformFloat(static_cast<uint32_t>(high.raw))};
  uint64_t bits;
  std::memcpy(&bits, pair, sizeof(bits));
  return V64(bits);
}
#else
HWY_INLINE V64 MultiplyWords(V64 a, V64 b) {
  const hn::Repartition<uint32_t, D64> d;
  return hn::MulEven(hn::BitCast(d, a), hn::BitCast(d, b));
}
HWY_INLINE V64 UniformFloats(V64 low, V64 high) {
  const hn::Repartition<uint32_t, D64> du;
  const hn::Repartition<int32_t, D64> di;
  const hn::Repartition<float, D64> df;
  const auto words = hn::BitCast(du, hn::Or(LowWord(low), hn::ShiftLeft<32>(high)));
  const auto whole = hn::ConvertTo(df, hn::BitCast(di, hn::ShiftRight<8>(words)));
  return hn::BitCast(D64(), hn::Mul(whole, hn::Set(df, 0x1p-24f)));
}
#endif

struct Words {
  V64 c0, c1, c2, c3;
};
HWY_INLINE void Round(Words& w, V64 k0, V64 k1) {
  const V64 p0 = MultiplyWords(w.c0, hn::Set(D64(), 0xD2511F53u));
  const V64 p1 = MultiplyWords(w.c2, hn::Set(D64(), 0xCD9E8D57u));
  w = {hn::Xor(hn::ShiftRight<32>(p1), hn::Xor(w.c1, k0)), p1,
       hn::Xor(hn::ShiftRight<32>(p0), hn::Xor(w.c3, k1)), p0};
}

// emit(b, words of blocks first + b, first + b + 1, ...), a vector at a time, their
// upper halves undefined. `blocks` is a multiple of twice any vector's lanes: two
// vectors side by side hide the latency of each other's multiplications.
template <class Emit>
HWY_INLINE void ForEachBlocks(const Stream& s, uint64_t first, int64_t blocks, Emit emit) {
  const D64 d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  // In memory, where a load broadcasts them for nothing.
  uint64_t keys[20];
  uint32_t k0 = static_cast<uint32_t>(s.seed), k1 = static_cast<uint32_t>(s.seed >> 32);
  for (int round = 0; round < 10; ++round) {
    keys[2 * round] = k0;
    keys[2 * round + 1] = k1;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  const V64 c2 = hn::Set(d, s.stream), c3 = hn::Set(d, s.stream >> 32);
  for (int64_t b = 0; b < blocks; b += 2 * lanes) {
    const V64 at = hn::Iota(d, first + static_cast<uint64_t>(b));
    const V64 next = hn::Add(at, hn::Set(d, static_cast<uint64_t>(lanes)));
    Words w = {at, hn::ShiftRight<32>(at), c2, c3};
    Words v = {next, hn::ShiftRight<32>(next), c2, c3};
    for (int round = 0; round < 10; ++round) {
      const V64 r0 = hn::Set(d, keys[2 * round]), r1 = hn::Set(d, keys[2 * round + 1]);
      Round(w, r0, r1);
      Round(v, r0, r1);
    }
    emit(b, w);
    emit(b + lanes, v);
  }
}

HWY_INLINE hn::Vec<DReal> UniformDoubles(V64 high, V64 low) {
  const hn::Repartition<int64_t, D64> di;
  const V64 bits = hn::ShiftRight<11>(hn::Or(hn::ShiftLeft<32>(high), LowWord(low)));
  return hn::Mul(hn::ConvertTo(DReal(), hn::BitCast(di, bits)), hn::Set(DReal(), 0x1p-53));
}

// A word as f64: the lower half of the mantissa of 2^52 + word.
HWY_INLINE hn::Vec<DReal> WordAsDouble(V64 word) {
  const V64 bits = hn::Or(LowWord(word), hn::Set(D64(), 0x4330000000000000u));
  return hn::Sub(hn::BitCast(DReal(), bits), hn::Set(DReal(), 0x1p52));
}

void UniformFloatTile(const Stream& s, int64_t first_real, float* out) {
  auto* const pairs = reinterpret_cast<uint64_t*>(out);
  ForEachBlocks(s, first_real / 4, kTile / 4, [&](int64_t b, const Words& w) {
    hn::StoreInterleaved2(UniformFloats(w.c0, w.c1), UniformFloats(w.c2, w.c3), D64(),
                          pairs + 2 * b);
  });
}

void UniformDoubleTile(const Stream& s, int64_t first_real, double* out) {
  ForEachBlocks(s, first_real / 2, kTile / 2, [&](int64_t b, const Words& w) {
    hn::StoreInterleaved2(UniformDoubles(w.c0, w.c1), UniformDoubles(w.c2, w.c3), DReal(),
                          out + 2 * b);
  });
}

// What radius and angle of each pair of a tile come from, as NormalOf takes it.
void FloatPairs(const Stream& s, int64_t first_real, double* radius, double* angle) {
  const DReal d;
  const auto one = hn::Set(d, 1), scale = hn::Set(d, 0x1p-32);
  ForEachBlocks(s, first_real / 4, kTile / 4, [&](int64_t b, const Words& w) {
    auto positive = [&](V64 word) { return hn::Mul(hn::Add(WordAsDouble(word), one), scale); };
    hn::StoreInterleaved2(positive(w.c0), positive(w.c2), d, radius + 2 * b);
    hn::StoreInterleaved2(hn::Mul(WordAsDouble(w.c1), scale), hn::Mul(WordAsDouble(w.c3), scale), d,
                          angle + 2 * b);
  });
}
void DoublePairs(const Stream& s, int64_t first_real, double* radius, double* angle) {
  const DReal d;
  ForEachBlocks(s, first_real / 2, kTile / 2, [&](int64_t b, const Words& w) {
    hn::StoreU(hn::Add(UniformDoubles(w.c0, w.c1), hn::Set(d, 0x1p-53)), d, radius + b);
    hn::StoreU(UniformDoubles(w.c2, w.c3), d, angle + b);
  });
}

void Scale(double by, double* x, int64_t n) {
  const DReal d;
  for (int64_t i = 0; i < n; i += static_cast<int64_t>(hn::Lanes(d))) {
    hn::StoreU(hn::Mul(hn::LoadU(d, x + i), hn::Set(d, by)), d, x + i);
  }
}

// out = the pairs (r cosine, r sine) * scale, r = sqrt(-2 logarithm).
void JoinPairs(const double* logarithm, const double* cosine, const double* sine, double scale,
               double* out) {
  const DReal d;
  const auto scales = hn::Set(d, scale);
  for (int64_t p = 0; p < kTile / 2; p += static_cast<int64_t>(hn::Lanes(d))) {
    const auto r = hn::Sqrt(hn::Mul(hn::Set(d, -2), hn::LoadU(d, logarithm + p)));
    hn::StoreInterleaved2(hn::Mul(scales, hn::Mul(r, hn::LoadU(d, cosine + p))),
                          hn::Mul(scales, hn::Mul(r, hn::LoadU(d, sine + p))), d, out + 2 * p);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace otium::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace otium::cpu {
namespace {
HWY_EXPORT(UniformFloatTile);
HWY_EXPORT(UniformDoubleTile);
HWY_EXPORT(FloatPairs);
HWY_EXPORT(DoublePairs);
HWY_EXPORT(Scale);
HWY_EXPORT(JoinPairs);

struct RandomState {
  uint64_t stream = 0;
  int64_t reals = 0;  // Twice the elements of a complex result.
  int64_t item = 0;   // Bytes of a real number of the result.
  bool is_wide = false;
  bool is_normal = false;
  double scale = 1;
  float grid = 0;        // Of uniform numbers narrower than f32.
  MapFn cast = nullptr;  // From the tile; null when it is of the result's type.
};

// Tiles are cut at multiples of blocks.
constexpr int64_t kTask = 16 * kTile;

void NormalTile(const RandomState& s, const Stream& stream, int64_t first_real, double* out) {
  static const MapFn log = FindMap(region::ScalarOp::log, DType::kF64);
  static const MapFn sin = FindMap(region::ScalarOp::sin, DType::kF64);
  static const MapFn cos = FindMap(region::ScalarOp::cos, DType::kF64);
  constexpr int64_t kPairs = kTile / 2;
  alignas(kSplatBytes) double radius[kPairs], angle[kPairs], cosine[kPairs];
  const MapOperand r{radius, -1}, a{angle, -1};
  if (s.is_wide) HWY_DYNAMIC_DISPATCH(DoublePairs)(stream, first_real, radius, angle);
  else HWY_DYNAMIC_DISPATCH(FloatPairs)(stream, first_real, radius, angle);
  HWY_DYNAMIC_DISPATCH(Scale)(2 * std::numbers::pi, angle, kPairs);
  log(&r, radius, kPairs);
  cos(&a, cosine, kPairs);
  sin(&a, angle, kPairs);
  HWY_DYNAMIC_DISPATCH(JoinPairs)(radius, cosine, angle, s.scale, out);
}

void LaunchRandom(const LaunchArgs& args) {
  const auto& s = *static_cast<const RandomState*>(args.state);
  const Stream stream{args.seed, s.stream};
  ParallelForRanges(s.reals, kTask, [&](int64_t begin, int64_t end) {
    alignas(kSplatBytes) unsigned char tile[kTile * sizeof(double)];
    auto* const doubles = reinterpret_cast<double*>(tile);
    const absl::Span<float> floats(reinterpret_cast<float*>(tile), kTile);
    const MapOperand operand{tile, -1};
    for (int64_t i = begin; i < end; i += kTile) {
      if (s.is_normal) NormalTile(s, stream, i, doubles);
      else if (s.is_wide) HWY_DYNAMIC_DISPATCH(UniformDoubleTile)(stream, i, doubles);
      else HWY_DYNAMIC_DISPATCH(UniformFloatTile)(stream, i, floats.data());
      if (s.grid != 0) {
        for (float& x : floats) x = OnGrid(x, s.grid);
      }
      const int64_t n = std::min(kTile, end - i);
      char* const out = args.results[0].as<char>() + i * s.item;
      if (s.cast != nullptr) s.cast(&operand, out, n);
      else std::memcpy(out, tile, n * s.item);
    }
  });
}

}  // namespace

Prepared PrepareRandom(const KernelCall& call) {
  auto state = std::make_shared<RandomState>();
  const PhysicalType& result = call.results[0];
  const DType real = RealDType(result.dtype);
  state->stream = static_cast<uint64_t>(call.attributes.Get<int64_t>("stream"));
  state->reals = result.NumElements() * (IsComplex(result.dtype) ? 2 : 1);
  state->item = ItemSize(real);
  state->is_wide = real == DType::kF64;
  state->is_normal = call.op.id == Op::randn || call.op.id == Op::randn_like;
  // The parts of a complex normal number have variance 1/2.
  if (state->is_normal && IsComplex(result.dtype)) state->scale = std::numbers::sqrt2 / 2;
  if (!state->is_normal && ItemSize(real) < ItemSize(DType::kF32)) state->grid = UniformGrid(real);
  const DType tile = state->is_normal || state->is_wide ? DType::kF64 : DType::kF32;
  if (tile != real) state->cast = FindCast(tile, real);
  return {LaunchRandom, std::move(state), 0};
}

}  // namespace otium::cpu
#endif  // HWY_ONCE

// SPDX-License-Identifier: Apache-2.0
//
// nonzero: the elements, in row-major order, are cut into chunks; the nonzero ones
// of each are counted, the counts added up, and then each chunk writes its
// indices where those before it end. Whether an element is zero is seen from its
// bits without the signs: NaN is not, -0 is.

#include <algorithm>
#include <memory>
#include <utility>

#include "backends/cpu/parallel.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/rows.h"
#include "backends/cpu/tasks.h"

namespace otium::cpu {
namespace {

constexpr int64_t kChunk = 32768;

struct NonzeroState {
  DType dtype = DType::kF32;
  Sizes sizes;  // Of x.
  int64_t elements = 0;
  int64_t rows = 0;  // Of the result: how many there is room for.
  bool is_count_given = false;
};

// All bits but the sign, where there is one.
template <class U>
U MaskOf(DType dtype) {
  const bool has_sign = IsInexact(dtype);
  return has_sign ? static_cast<U>(static_cast<U>(~U{0}) >> 1) : static_cast<U>(~U{0});
}
template <class U>
bool IsNonzero(U bits, U mask) {
  return (bits & mask) != 0;
}
template <class U>
bool IsNonzero(const BitPair<U>& bits, U mask) {
  return ((bits.real | bits.imag) & mask) != 0;
}
template <class E>
struct WordOf {
  using type = E;
};
template <class U>
struct WordOf<BitPair<U>> {
  using type = U;
};
template <class E>
using Mask = typename WordOf<E>::type;

// The elements of one chunk: f(index of the row, elements of it, their stride,
// first column, how many) for each row of x that it has a part of.
template <class E, class F>
void ForEachPart(const NonzeroState& s, const View& x, int64_t chunk, F&& f) {
  const size_t rank = s.sizes.size();
  const int64_t n = rank == 0 ? 1 : s.sizes[rank - 1], stride = rank == 0 ? 1 : x.strides[rank - 1];
  const auto outer = absl::MakeConstSpan(s.sizes).first(rank == 0 ? 0 : rank - 1);
  int64_t at = chunk * kChunk;
  const int64_t end = std::min(s.elements, at + kChunk);
  int64_t column = at % n, rest = at / n;
  Sizes index(outer.size());
  for (size_t d = outer.size(); d-- > 0; rest /= outer[d]) index[d] = rest % outer[d];
  while (at < end) {
    const int64_t count = std::min(n - column, end - at);
    const E* row = x.as<const E>() + OffsetOf(index, x.strides);
    f(absl::Span<const int64_t>(index), row + column * stride, stride, column, count);
    at += count;
    column = 0;
    for (size_t d = outer.size(); d-- > 0 && ++index[d] == outer[d];) index[d] = 0;
  }
}

template <class E>
int64_t CountChunk(const NonzeroState& s, const View& x, Mask<E> mask, int64_t chunk) {
  int64_t count = 0;
  ForEachPart<E>(s, x, chunk, [&](auto, const E* from, int64_t stride, int64_t, int64_t n) {
    if (stride == 1) {
      uint32_t found = 0;
      for (int64_t j = 0; j < n; ++j) found += IsNonzero(from[j], mask);
      count += found;
    } else {
      for (int64_t j = 0; j < n; ++j) count += IsNonzero(from[j * stride], mask);
    }
  });
  return count;
}

// Writes the indices of one chunk from row `first` of the result on, while there is
// room. The columns of some elements are listed first: without a branch, which
// would be guessed wrong half of the time on random data.
template <class E>
void WriteChunk(const NonzeroState& s, const View& x, Mask<E> mask, int64_t chunk, int64_t first,
                int64_t* out) {
  constexpr int64_t kListed = 256;
  int32_t list[kListed];
  const int64_t rank = static_cast<int64_t>(s.sizes.size());
  out += first * rank;
  int64_t room = s.rows - first;
  ForEachPart<E>(s, x, chunk,
                 [&](auto index, const E* from, int64_t stride, int64_t column, int64_t n) {
                   for (int64_t done = 0; done < n; done += kListed, from += kListed * stride) {
                     const int64_t some = std::min(kListed, n - done);
                     int64_t found = 0;
                     for (int64_t j = 0; j < some; ++j) {
                       list[found] = static_cast<int32_t>(j);
                       found += IsNonzero(from[j * stride], mask);
                     }
                     found = std::min(found, room);
                     room -= found;
                     const int64_t base = column + done;
                     if (rank == 1) {
                       for (int64_t k = 0; k < found; ++k) *out++ = base + list[k];
                     } else if (rank == 2) {
                       const int64_t row = index[0];
                       for (int64_t k = 0; k < found; ++k, out += 2) {
                         out[0] = row;
                         out[1] = base + list[k];
                       }
                     } else if (rank > 2) {
                       for (int64_t k = 0; k < found; ++k) {
                         out = std::copy(index.begin(), index.end(), out);
                         *out++ = base + list[k];
                       }
                     }
                   }
                 });
}

template <class E>
void Nonzero(const LaunchArgs& args, const NonzeroState& s) {
  const auto mask = MaskOf<Mask<E>>(s.dtype);
  const View& x = args.operands[0];
  auto* const begins = static_cast<int64_t*>(args.workspace);
  const int64_t chunks = CeilDiv(s.elements, kChunk);
  ParallelFor(chunks, [&](int64_t c) { begins[c] = CountChunk<E>(s, x, mask, c); });
  int64_t count = 0;
  for (int64_t c = 0; c < chunks; ++c) count += std::exchange(begins[c], count);
  ParallelFor(chunks, [&](int64_t c) {
    // A count that was given may be wrong; what is beyond it is only counted.
    if (begins[c] < s.rows) WriteChunk<E>(s, x, mask, c, begins[c], args.results[0].as<int64_t>());
  });
  args.info->count = count;
  if (s.is_count_given && count != s.rows) {
    args.info->code = 1;
    args.info->index = count;
  }
}

void LaunchNonzero(const LaunchArgs& args) {
  const auto& s = *static_cast<const NonzeroState*>(args.state);
  DispatchItem(s.dtype, [&]<class E>(E) { Nonzero<E>(args, s); });
}

}  // namespace

Prepared PrepareNonzero(const KernelCall& call) {
  auto state = std::make_shared<NonzeroState>();
  const PhysicalType& x = call.operands[0];
  state->dtype = x.dtype;
  state->sizes = x.sizes;
  state->elements = x.NumElements();
  state->rows = call.results[0].sizes[0];
  state->is_count_given = call.attributes.Get<Dim>("count").IsStatic();
  const int64_t bytes = CeilDiv(state->elements, kChunk) * static_cast<int64_t>(sizeof(int64_t));
  return {LaunchNonzero, std::move(state), bytes};
}

}  // namespace otium::cpu

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

// All bits that make an element of the dtype other than zero, as a number of E.
uint64_t MaskOf(DType dtype) {
  switch (dtype) {
    case DType::kBool:
    case DType::kI32:
    case DType::kI64: return ~uint64_t{0};
    case DType::kF16:
    case DType::kBF16: return 0x7fff;
    case DType::kF32: return 0x7fffffff;
    case DType::kC64: return 0x7fffffff7fffffff;
    case DType::kF64:
    case DType::kC128: return 0x7fffffffffffffff;
  }
  __builtin_unreachable();
}
template <class E>
bool IsNonzero(E bits, E mask) {
  return (bits & mask) != 0;
}
bool IsNonzero(const Bits128& bits, const Bits128& mask) {
  return ((bits.low | bits.high) & mask.low) != 0;
}

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
int64_t CountChunk(const NonzeroState& s, const View& x, E mask, int64_t chunk) {
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

// Writes rows [first, room) of the result, as many as the chunk has. The columns
// of some elements are listed first: without a branch, which would be guessed
// wrong half of the time on random data.
template <class E>
void WriteChunk(const NonzeroState& s, const View& x, E mask, int64_t chunk, int64_t first,
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
void Nonzero(const LaunchArgs& args, const NonzeroState& s, E mask) {
  const View& x = args.operands[0];
  auto* const begins = static_cast<int64_t*>(args.workspace);
  const int64_t chunks = CeilDiv(s.elements, kChunk);
  ParallelFor(chunks, [&](int64_t c) { begins[c] = CountChunk(s, x, mask, c); });
  int64_t count = 0;
  for (int64_t c = 0; c < chunks; ++c) count += std::exchange(begins[c], count);
  ParallelFor(chunks, [&](int64_t c) {
    // A count that was given may be wrong; what is beyond it is only counted.
    if (begins[c] < s.rows) WriteChunk(s, x, mask, c, begins[c], args.results[0].as<int64_t>());
  });
  args.info->count = count;
  if (s.is_count_given && count != s.rows) {
    args.info->code = 1;
    args.info->index = count;
  }
}

void LaunchNonzero(const LaunchArgs& args) {
  const auto& s = *static_cast<const NonzeroState*>(args.state);
  const uint64_t mask = MaskOf(s.dtype);
  DispatchItem(s.dtype, [&]<class E>(E) {
    if constexpr (std::is_same_v<E, Bits128>) Nonzero(args, s, Bits128{mask, mask});
    else Nonzero(args, s, static_cast<E>(mask));
  });
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
  const int64_t bytes =
      CeilDiv(state->elements, kChunk) * static_cast<int64_t>(sizeof(int64_t));
  return {LaunchNonzero, std::move(state), bytes};
}

}  // namespace otium::cpu

// SPDX-License-Identifier: Apache-2.0
#include "backends/backend.h"

#include <algorithm>
#include <cstdlib>

namespace otium {

bool PhysicalType::IsContiguous() const {
  int64_t expected = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    if (sizes[i] == 0) return true;
    if (sizes[i] != 1 && strides[i] != expected) return false;
    expected *= sizes[i];
  }
  return true;
}

bool PhysicalType::HasUnitColumnStride() const {
  const size_t r = sizes.size();
  return r < 1 || strides[r - 1] == 1 || sizes[r - 1] <= 1;
}

bool PhysicalType::HasUnitRowStride() const {
  const size_t r = sizes.size();
  return r < 2 || strides[r - 2] == 1 || sizes[r - 2] <= 1;
}

uint64_t StrideSignature(absl::Span<const int64_t> sizes, absl::Span<const int64_t> strides) {
  uint64_t signature = 1;
  bool dense = true, by_rows = true;
  int64_t expected = 1, extent = 0;
  for (size_t i = sizes.size(); i-- > 0;) {
    const int64_t s = strides[i];
    if (sizes[i] > 1) {
      dense = dense && s == expected;
      by_rows = by_rows && s > extent;
      extent = s * (sizes[i] - 1);
    }
    expected *= sizes[i];
    const uint64_t kind = sizes[i] <= 1 ? 0 : s == 0 ? 1 : s == 1 ? 2 : s > 0 ? 3 : 4;
    signature = signature * 5 + kind;
  }
  const size_t r = sizes.size();
  bool by_columns = r >= 2;
  extent = 0;
  for (size_t i = r < 2 ? r : r - 2; i < r; ++i) {
    if (sizes[i] <= 1) continue;
    by_columns = by_columns && strides[i] > extent;
    extent = strides[i] * (sizes[i] - 1);
  }
  return signature * 8 + (dense ? 4 : 0) + (by_rows ? 2 : 0) + (by_columns ? 1 : 0);
}

Sizes TypicalStrides(absl::Span<const int64_t> sizes, absl::Span<const int64_t> strides) {
  const uint64_t signature = StrideSignature(sizes, strides);
  if ((signature & 4) != 0) return ContiguousStrides(sizes);
  const size_t rank = sizes.size();
  // What may be chosen freely is `free`; zero and one stay, negative stays so.
  auto is_unit = [&](size_t i) { return sizes[i] > 1 && strides[i] == 1; };
  auto like = [&](size_t i, int64_t free) {
    return sizes[i] <= 1 ? 0 : strides[i] < 0 ? -free : strides[i] <= 1 ? strides[i] : free;
  };
  // What strides of one reach. A free stride is larger than that and all before it, by
  // so much that no view (of other order, sizes, steps or signs) makes it fit.
  int64_t extent = 0;
  for (size_t i = 0; i < rank; ++i) extent += is_unit(i) ? sizes[i] - 1 : 0;
  const int64_t pad = extent + 3;
  Sizes typical(rank, 0);
  // From the inside out, each past those before; the last two exchanged when the array
  // lies by columns.
  for (size_t k = rank; k-- > 0;) {
    const bool by_columns = rank >= 2 && (signature & 3) == 1 && k + 2 >= rank;
    const size_t i = by_columns ? 2 * rank - 3 - k : k;
    typical[i] = like(i, extent + pad);
    // And one more, or the next would be `sizes[i]` times this one.
    if (!is_unit(i) && typical[i] != 0) extent += std::abs(typical[i]) * (sizes[i] - 1) + 1;
  }
  if (StrideSignature(sizes, typical) == signature) return typical;
  // Dimensions that interleave: no order, but each a stride of its own.
  const int64_t apart = 100003 + 2 * pad;
  for (size_t i = 0; i < rank; ++i) typical[i] = like(i, apart * static_cast<int64_t>(i + 2));
  if (StrideSignature(sizes, typical) == signature) return typical;
  for (size_t i = 0; i < rank; ++i) typical[i] = sizes[i] <= 1 ? 0 : strides[i];
  return typical;
}

DType DispatchDTypeOf(const KernelCall& call) {
  int operand = 0;
  for (const ParamDef& p : call.op.params) {
    if (!IsOperand(p.kind)) continue;
    if (!p.own_dtype && call.Has(operand)) return call.operands[operand].dtype;
    ++operand;
  }
  return call.results.empty() ? DType::kF32 : call.results[0].dtype;
}

bool Accepts(const Kernel& kernel, const KernelCall& call) {
  if (kernel.op != call.op.id || (kernel.dtypes & DTypeBit(DispatchDTypeOf(call))) == 0) {
    return false;
  }
  for (size_t i = 0; i < call.operands.size(); ++i) {
    if (!call.Has(i)) continue;
    const PhysicalType& p = call.operands[i];
    if (p.conjugated && (i >= 32 || (kernel.takes_conjugated >> i & 1) == 0)) return false;
    if (p.stored != Stored::kFull && kernel.accepts == nullptr) return false;
  }
  return kernel.accepts == nullptr || kernel.accepts(call);
}

}  // namespace otium

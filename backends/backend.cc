// SPDX-License-Identifier: Apache-2.0
#include "backends/backend.h"

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

bool PhysicalType::HasZeroStride() const {
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (strides[i] == 0 && sizes[i] > 1) return true;
  }
  return false;
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
  bool by_columns = false;
  if (sizes.size() >= 2) {
    const size_t r = sizes.size();
    by_columns = strides[r - 2] > 0 && strides[r - 1] > strides[r - 2] * (sizes[r - 2] - 1);
  }
  return signature * 8 + (dense ? 4 : 0) + (by_rows ? 2 : 0) + (by_columns ? 1 : 0);
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

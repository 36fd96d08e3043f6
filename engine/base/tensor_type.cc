// SPDX-License-Identifier: Apache-2.0
#include "engine/base/tensor_type.h"

#include "absl/strings/str_cat.h"

namespace otium {
namespace {

std::string LayoutToString(const Layout& layout) {
  switch (layout.kind) {
    case LayoutKind::kStrided: return "";
    case LayoutKind::kCoo: return "coo";
    case LayoutKind::kCsr: return "csr";
    case LayoutKind::kCsc: return "csc";
    case LayoutKind::kBsr:
      return absl::StrCat("bsr(", layout.block_rows, ", ", layout.block_columns, ")");
  }
  __builtin_unreachable();
}

}  // namespace

std::string ShortType(const TensorType& type) {
  return absl::StrCat(DTypeName(type.dtype), type.shape.ToString());
}

std::string TensorType::ToString() const {
  std::string text = ShortType(*this);
  for (const std::string& part :
       {StructureToString(structure, dtype, shape), LayoutToString(layout)}) {
    if (!part.empty()) absl::StrAppend(&text, " ", part);
  }
  return text;
}

void TensorType::HashInto(Hasher& hasher) const {
  hasher.Add((static_cast<uint64_t>(dtype) << 32) | (static_cast<uint64_t>(weak) << 16) |
             static_cast<uint64_t>(layout.kind));
  hasher.Add((static_cast<uint64_t>(layout.block_rows) << 32) |
             static_cast<uint64_t>(layout.block_columns));
  shape.HashInto(hasher);
  hasher.Add(static_cast<uint64_t>(structure.lower));
  hasher.Add(static_cast<uint64_t>(structure.upper));
  hasher.Add(uint64_t{structure.flags});
}

}  // namespace otium

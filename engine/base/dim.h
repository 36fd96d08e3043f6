// SPDX-License-Identifier: Apache-2.0
//
// One size of a shape: an integer, or an expression over size names
// (`2*m + n // 3`). Expressions are kept in one normal form, an ordered sum of
// products of atoms, where an atom is a name or an opaque `a // b`, `min(a, b)`,
// `max(a, b)` of normal forms. So m + n - m is n, and equality of the text is
// equality of the sizes; the converse is not claimed (`2*(n//2)` and `n`).
//
// Arithmetic saturates at +-kDimLimit instead of overflowing, and what is
// saturated stays so; a shape with such a size is refused where shapes are
// checked. So is an expression longer than kMaxDimText: products and divisions
// of sums grow exponentially, and a short file could ask for that.
//
// Tested by tests/base/dim_test.cc.

#ifndef OTIUM_ENGINE_BASE_DIM_H_
#define OTIUM_ENGINE_BASE_DIM_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/export.h"
#include "engine/base/hash.h"
#include "engine/base/intrusive_ptr.h"

namespace otium {

inline constexpr int64_t kDimLimit = int64_t{1} << 62;
// Characters.
inline constexpr size_t kMaxDimText = 4096;

// What size names are bound to, ordered by name.
class OTIUM_EXPORT SizeBindings {
 public:
  std::optional<int64_t> Find(absl::string_view name) const;
  // Replaces an earlier value of the same name.
  void Set(absl::string_view name, int64_t value);
  bool empty() const { return sizes_.empty(); }
  const std::vector<std::pair<std::string, int64_t>>& sizes() const { return sizes_; }

 private:
  std::vector<std::pair<std::string, int64_t>> sizes_;
};

// The normal form of a size that is not an integer; its terms are private to dim.cc.
struct SymbolicDim : RefCounted<SymbolicDim> {
  std::string text;
  OTIUM_EXPORT static void Destroy(const SymbolicDim* dim);
};

class OTIUM_EXPORT Dim {
 public:
  Dim() = default;
  Dim(int64_t value) : value_(value) {}  // NOLINT: an integer is a size.
  // The size called `name`, a graph-file NAME.
  static Dim Symbol(absl::string_view name);

  bool IsStatic() const { return !symbolic_; }
  // Requires IsStatic().
  int64_t value() const { return value_; }
  bool Is(int64_t value) const { return IsStatic() && value_ == value; }
  // The name when this is nothing but a name, else empty.
  absl::string_view symbol() const;

  friend OTIUM_EXPORT Dim operator+(const Dim& a, const Dim& b);
  friend OTIUM_EXPORT Dim operator-(const Dim& a, const Dim& b);
  friend OTIUM_EXPORT Dim operator*(const Dim& a, const Dim& b);
  // Rounds toward minus infinity, as Python does. A zero divisor gives kDimLimit,
  // which no shape accepts.
  static Dim FloorDiv(const Dim& a, const Dim& b);
  static Dim Min(const Dim& a, const Dim& b);
  static Dim Max(const Dim& a, const Dim& b);

  // Equal for every binding, as far as the normal form can tell.
  friend OTIUM_EXPORT bool operator==(const Dim& a, const Dim& b);

  // This with names replaced by what `replace` gives for them; names for which
  // it gives nothing stay.
  Dim Substitute(absl::FunctionRef<std::optional<Dim>(absl::string_view)> replace) const;
  // This with names replaced by their values where `sizes` has them.
  Dim Bind(const SizeBindings& sizes) const;
  // The one unknown name and its value that make this equal to `value`, when
  // this is linear in exactly one name (`2*k` with 10 gives k = 5). Empty when
  // there is none or it would not be an integer >= 0.
  std::optional<std::pair<std::string, int64_t>> Solve(int64_t value) const;
  // Adds every name this mentions to `names`, first mention first, once each.
  void CollectSymbols(std::vector<std::string>* names) const;

  // As graph files write it: "1000", "2*m + n // 3".
  std::string ToString() const;
  void HashInto(Hasher& hasher) const;

 private:
  explicit Dim(IntrusivePtr<const SymbolicDim> symbolic) : symbolic_(std::move(symbolic)) {}
  friend struct DimSum;

  int64_t value_ = 0;
  IntrusivePtr<const SymbolicDim> symbolic_;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_BASE_DIM_H_

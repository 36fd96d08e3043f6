// SPDX-License-Identifier: Apache-2.0
//
// The attributes of a node: one value for each attribute parameter of its op's
// schema, in schema order, defaults filled in. Immutable, shared, and hashed
// once, so comparing two nodes compares pointers or hashes.

#ifndef OTIUM_ENGINE_GRAPH_ATTRIBUTES_H_
#define OTIUM_ENGINE_GRAPH_ATTRIBUTES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/device.h"
#include "engine/base/dim.h"
#include "engine/base/dtype.h"
#include "engine/base/hash.h"
#include "engine/base/shape.h"
#include "engine/base/tensor.h"

namespace otium {

class Graph;
struct OpDef;

using Ints = absl::InlinedVector<int64_t, 4>;
using GraphPtr = std::shared_ptr<const Graph>;

// `none` is monostate.
using AttributeValue = std::variant<std::monostate, bool, int64_t, double, std::string, DType, Dim,
                                    Dims, Ints, Tensor, GraphPtr, Structure>;

// Constants up to this many elements are keyed by value, larger ones by buffer.
inline constexpr int64_t kSmallConstant = 64;

class OTIUM_EXPORT Attributes {
 public:
  // No attributes at all.
  Attributes() = default;
  // `values` follow the attribute parameters of `op`'s schema.
  Attributes(const OpDef& op, std::vector<AttributeValue> values);

  absl::Span<const AttributeValue> values() const {
    return rep_ ? absl::Span<const AttributeValue>(rep_->values)
                : absl::Span<const AttributeValue>();
  }
  // The attribute called `name`; the schema must have it.
  const AttributeValue& operator[](absl::string_view name) const;
  template <class T>
  const T& Get(absl::string_view name) const {
    return std::get<T>((*this)[name]);
  }
  // Null when the attribute is `none`.
  template <class T>
  const T* Find(absl::string_view name) const {
    return std::get_if<T>(&(*this)[name]);
  }
  // A copy with one value replaced.
  Attributes With(absl::string_view name, AttributeValue value) const;

  // Equal values; large constants are equal when they are the same view of the
  // same buffer.
  friend OTIUM_EXPORT bool operator==(const Attributes& a, const Attributes& b);
  // Stable across processes: large constants hash as their type only.
  Hash128 hash() const { return rep_ ? rep_->hash : Hash128{}; }

 private:
  struct Rep : RefCounted<Rep> {
    const OpDef* op = nullptr;
    std::vector<AttributeValue> values;
    Hash128 hash;
  };
  IntrusivePtr<const Rep> rep_;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_ATTRIBUTES_H_

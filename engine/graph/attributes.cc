// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/attributes.h"

#include <bit>
#include <cstring>

#include "engine/graph/graph.h"
#include "ops/op.h"

namespace otium {
namespace {

struct HashValue {
  Hasher& h;
  void operator()(std::monostate) const { h.Add(uint64_t{0}); }
  void operator()(bool v) const { h.Add(uint64_t{v}); }
  void operator()(int64_t v) const { h.Add(static_cast<uint64_t>(v)); }
  void operator()(double v) const { h.Add(v); }
  void operator()(const std::string& v) const { h.Add(absl::string_view(v)); }
  void operator()(DType v) const { h.Add(static_cast<uint64_t>(v)); }
  void operator()(const Dim& v) const { v.HashInto(h); }
  void operator()(const Dims& v) const {
    h.Add(uint64_t{v.size()});
    for (const Dim& d : v) d.HashInto(h);
  }
  void operator()(const Ints& v) const {
    h.Add(uint64_t{v.size()});
    for (int64_t i : v) h.Add(static_cast<uint64_t>(i));
  }
  void operator()(const Tensor& v) const {
    v.type().HashInto(h);
    if (v.NumElements() > kSmallConstant) return;
    const Tensor dense = v.Contiguous();
    h.Add(absl::string_view(dense.data<char>(), dense.NumElements() * ItemSize(dense.dtype())));
  }
  void operator()(const GraphPtr& v) const { h.Add(v ? v->fingerprint() : Hash128{}); }
  void operator()(const Structure& v) const {
    h.Add(static_cast<uint64_t>(v.lower)).Add(static_cast<uint64_t>(v.upper));
    h.Add(uint64_t{v.flags});
  }
};

struct EqualValue {
  template <class T>
  bool operator()(const T& a, const T& b) const {
    return a == b;
  }
  // By bits, so that NaN is itself and -0.0 is not 0.0.
  bool operator()(double a, double b) const {
    return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
  }
  bool operator()(const Tensor& a, const Tensor& b) const {
    if (a.dtype() != b.dtype() || a.sizes() != b.sizes()) return false;
    if (a.NumElements() <= kSmallConstant) return Tensor::BitwiseEqual(a, b);
    return a.data() == b.data() && a.strides() == b.strides();
  }
  bool operator()(const GraphPtr& a, const GraphPtr& b) const {
    // Equal fingerprints with large constants may hold different data.
    return a == b ||
           (a && b && a->fingerprint() == b->fingerprint() && a->large_constants().empty());
  }
  template <class T, class U>
  bool operator()(const T&, const U&) const {
    return false;
  }
};

}  // namespace

Attributes::Attributes(const OpDef& op, std::vector<AttributeValue> values) {
  if (values.empty()) return;
  auto rep = MakeIntrusive<Rep>();
  Hasher hasher;
  for (const AttributeValue& v : values) {
    hasher.Add(uint64_t{v.index()});
    std::visit(HashValue{hasher}, v);
  }
  rep->op = &op;
  rep->values = std::move(values);
  rep->hash = hasher.Finish();
  rep_ = std::move(rep);
}

const AttributeValue& Attributes::operator[](absl::string_view name) const {
  return rep_->values[rep_->op->AttributeIndex(name)];
}

Attributes Attributes::With(absl::string_view name, AttributeValue value) const {
  std::vector<AttributeValue> values = rep_->values;
  values[rep_->op->AttributeIndex(name)] = std::move(value);
  return Attributes(*rep_->op, std::move(values));
}

bool operator==(const Attributes& a, const Attributes& b) {
  if (a.rep_ == b.rep_) return true;
  if (!a.rep_ || !b.rep_ || a.rep_->hash != b.rep_->hash) return false;
  const auto& x = a.rep_->values;
  const auto& y = b.rep_->values;
  if (x.size() != y.size()) return false;
  for (size_t i = 0; i < x.size(); ++i) {
    if (!std::visit(EqualValue{}, x[i], y[i])) return false;
  }
  return true;
}

}  // namespace otium

// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/expr.h"

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "engine/graph/schema.h"
#include "engine/graph/status_notes.h"
#include "engine/graph/substitute.h"

namespace otium {
namespace {

constexpr absl::string_view kPositionPayload = "otium/position";

Expr WeakScalar(Tensor value, std::source_location location) {
  return MakeExpr(Op::constant, Operands{}, {{"value", std::move(value)}, {"weak", true}},
                  SourcePosition::From(location));
}

// What an initializer_list would copy is moved: counts are atomic, and graphs of a
// million nodes are made of these.
Expr Binary(Op op, Arg a, Arg b) {
  const SourcePosition position = a.position().known() ? a.position() : b.position();
  Operands operands;
  operands.push_back(std::move(a).expr());
  operands.push_back(std::move(b).expr());
  return MakeExpr(op, std::move(operands), {}, position);
}

// What the op says of the numbers among its operands, promoted or not.
absl::Status CheckNumbers(const OpCall& call, absl::Span<const Expr> operands) {
  if (call.op.check_number == nullptr) return absl::OkStatus();
  for (size_t i = 0; i < operands.size(); ++i) {
    if (!operands[i]) continue;
    const Node* node = &operands[i].node();
    if (node->op().id == Op::cast) node = &node->operands()[0].node();
    if (node->op().id != Op::constant || !node->types()[0].weak) continue;
    const absl::Status status = call.op.check_number(call, static_cast<int>(i),
                                                     node->attributes().Get<Tensor>("value"));
    if (!status.ok()) {
      return absl::Status(status.code(), absl::StrCat(call.op.name, ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

// As PyTorch: a number that is written down does not wrap around in the dtype that
// the other operands give it, `x < 3000000000` of an i32 x least of all.
absl::Status CheckPromotedNumber(const OpDef& op, int i, const Node& node, DType to) {
  if (to != DType::kI32 || node.op().id != Op::constant || !node.types()[0].weak) {
    return absl::OkStatus();
  }
  const auto& number = node.attributes().Get<Tensor>("value");
  if (number.dtype() != DType::kI64) return absl::OkStatus();
  const int64_t value = *number.data<int64_t>();
  if (value == static_cast<int32_t>(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(op.name, ": ", OperandParam(op, i).name, " is ",
                                                 value, ", which ", DTypeName(to), " cannot hold"));
}

}  // namespace

absl::Status WithPosition(absl::Status status, SourcePosition position) {
  if (!status.ok() && position.known() && !status.GetPayload(kPositionPayload).has_value()) {
    status.SetPayload(kPositionPayload, absl::Cord(PayloadOf(position)));
  }
  return status;
}

SourcePosition PositionOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPositionPayload);
  return payload.has_value() ? PositionFromPayload(std::string(*payload)) : SourcePosition();
}

Node::Node(const OpDef& op, absl::Status error, int num_results, SourcePosition position)
    : op_(op),
      types_(num_results),
      position_(position),
      error_(std::make_unique<const absl::Status>(std::move(error))) {}

Node::~Node() {
  for (Value* v = values_.load(); v != nullptr;) {
    Value* next = v->next;
    delete v;
    v = next;
  }
}

void Node::Destroy(const Node* node) {
  // Deleting a node drops its operands, which would destroy theirs recursively.
  // Operands are moved to a list first; the outermost call empties it.
  thread_local std::vector<Expr>* pending = nullptr;
  std::vector<Expr> list;
  const bool outermost = pending == nullptr;
  if (outermost) pending = &list;
  for (Expr& e : const_cast<Node*>(node)->operands_) {
    if (e) pending->push_back(std::move(e));
  }
  delete node;
  if (!outermost) return;
  while (!list.empty()) {
    Expr next = std::move(list.back());
    list.pop_back();
    next = Expr();  // May run Destroy, which adds to the list.
  }
  pending = nullptr;
}

const Tensor* Node::value(uint32_t result) const {
  for (const Value* v = values_.load(std::memory_order_acquire); v != nullptr; v = v->next) {
    if (v->result == result) return &v->tensor;
  }
  return nullptr;
}

void Node::SetValue(uint32_t result, const Tensor& value) const {
  auto* entry = new Value{result, value, values_.load(std::memory_order_acquire)};
  do {
    for (const Value* v = entry->next; v != nullptr; v = v->next) {
      if (v->result == result) {
        delete entry;
        return;
      }
    }
  } while (!values_.compare_exchange_weak(entry->next, entry, std::memory_order_acq_rel));
}

absl::Status Expr::status() const {
  if (!node_) return absl::InvalidArgumentError("an empty expression");
  return node_->error() != nullptr ? *node_->error() : absl::OkStatus();
}

const TensorType& Expr::type() const {
  static const auto* nothing = new TensorType;
  return node_ ? node_->types()[result_] : *nothing;
}

Arg::Arg(int value, std::source_location location) : Arg(int64_t{value}, location) {}
Arg::Arg(int64_t value, std::source_location location)
    : expr_(WeakScalar(Tensor::Scalar(value), location)), location_(location) {}
Arg::Arg(double value, std::source_location location)
    : expr_(WeakScalar(Tensor::Scalar(value), location)), location_(location) {}
Arg::Arg(std::complex<double> value, std::source_location location)
    : expr_(WeakScalar(Tensor::Scalar(value), location)), location_(location) {}
Arg::Arg(Dim value, std::source_location location)
    : expr_(MakeExpr(Op::size, Operands{}, {{"value", std::move(value)}},
                     SourcePosition::From(location))),
      location_(location) {}
Arg::Arg(Tensor value, std::source_location location)
    : expr_(constant(std::move(value), location)), location_(location) {}

namespace {

// The op on x cast to `dtype`, and integers that it widened narrowed again: sums of
// i64 and of i32 agree in the bits that i32 has.
IntrusivePtr<const Node> MakeCastNode(const OpDef& op, Operands operands, DType dtype,
                                      const Attributes& attributes, SourcePosition position) {
  if (operands[0].type().weak || operands[0].dtype() != dtype) {
    operands[0] = MakeExpr(Op::cast, Operands{operands[0]}, {{"dtype", dtype}}, position);
  }
  std::vector<NamedAttribute> named;
  size_t i = 0;
  for (const ParamDef& p : op.params) {
    if (IsOperand(p.kind)) continue;
    const AttributeValue& value = attributes.values()[i++];
    if (p.name != kCastParam.name) named.push_back({p.name, value});
  }
  IntrusivePtr<const Node> node = MakeNode(op, std::move(operands), std::move(named), position);
  if (IsInexact(dtype) || node->error() != nullptr || node->types()[0].dtype == dtype) return node;
  return MakeNode(GetOp(Op::cast), Operands{Expr(std::move(node), 0)}, {{"dtype", dtype}},
                  position);
}

}  // namespace

IntrusivePtr<const Node> MakeNode(const OpDef& op, Operands operands,
                                  std::vector<NamedAttribute> attributes, SourcePosition position) {
  auto poison = [&](absl::Status status) {
    return IntrusivePtr<const Node>(MakeIntrusive<Node>(
        op, WithPosition(std::move(status), position), op.num_results, position));
  };
  operands.resize(NumOperands(op, operands.size()));
  absl::InlinedVector<const TensorType*, 4> types;
  for (const Expr& e : operands) {
    if (e && e.node().error() != nullptr) return poison(*e.node().error());
    types.push_back(e ? &e.type() : nullptr);
  }
  absl::StatusOr<Attributes> resolved = ResolveAttributes(op, std::move(attributes));
  if (!resolved.ok()) return poison(resolved.status());
  if (absl::Status s = CheckOperandCount(op, types); !s.ok()) return poison(std::move(s));
  if (op.Is(kCastsOperand)) {
    if (const DType* dtype = resolved->Find<DType>(kCastParam.name)) {
      return MakeCastNode(op, std::move(operands), *dtype, *resolved, position);
    }
  }
  if (!ArePlainlyPromoted(op, types)) {
    auto casts = PromoteOperands(op, types);
    if (!casts.ok()) return poison(casts.status());
    const bool all_weak = std::all_of(types.begin(), types.end(),
                                      [](const TensorType* t) { return t == nullptr || t->weak; });
    for (size_t i = 0; i < operands.size(); ++i) {
      if (!(*casts)[i].has_value()) continue;
      if (absl::Status s =
              CheckPromotedNumber(op, static_cast<int>(i), operands[i].node(), *(*casts)[i]);
          !s.ok()) {
        return poison(std::move(s));
      }
      operands[i] = MakeExpr(Op::cast, Operands{operands[i]},
                             {{"dtype", *(*casts)[i]}, {"weak", all_weak && op.Is(kPointwiseOp)}},
                             position);
      types[i] = &operands[i].type();
    }
  }
  if (op.Is(kDataDependent) && resolved->Find<Dim>("count") == nullptr) {
    *resolved = resolved->With("count", FreshSize());
  }
  ResultTypes results;
  if (absl::Status s = InferTypes({op, types, *resolved}, &results); !s.ok()) {
    return poison(std::move(s));
  }
  if (op.is_ambiguous != nullptr && op.is_ambiguous({op, types, *resolved})) {
    operands[1] = MakeExpr(Op::unsqueeze, Operands{operands[1]}, {{"dim", int64_t{0}}}, position);
    types[1] = &operands[1].type();
    results.clear();
    if (absl::Status s = InferTypes({op, types, *resolved}, &results); !s.ok()) {
      return poison(std::move(s));
    }
  }
  if (absl::Status s = CheckNumbers({op, types, *resolved}, operands); !s.ok()) {
    return poison(std::move(s));
  }
  return MakeIntrusive<Node>(op, std::move(operands), *std::move(resolved), std::move(results),
                             position);
}

Expr MakeExpr(Op op, Operands operands, std::vector<NamedAttribute> attributes,
              SourcePosition position) {
  return Expr(MakeNode(GetOp(op), std::move(operands), std::move(attributes), position), 0);
}

Expr MakeExpr(Op op, std::initializer_list<Arg> operands, std::vector<NamedAttribute> attributes) {
  Operands exprs;
  SourcePosition position;
  for (const Arg& a : operands) {
    if (!position.known()) position = a.position();
    exprs.push_back(a.expr());
  }
  return MakeExpr(op, std::move(exprs), std::move(attributes), position);
}

Expr PoisonedExpr(absl::Status error, SourcePosition position) {
  return Expr(MakeIntrusive<Node>(GetOp(Op::constant), WithPosition(std::move(error), position), 1,
                                  position),
              0);
}

Expr constant(Tensor value, std::source_location location) {
  return MakeExpr(Op::constant, Operands{}, {{"value", std::move(value)}},
                  SourcePosition::From(location));
}

Expr Expr::T(std::source_location location) const {
  return MakeExpr(Op::transpose, Operands{*this}, {{"dim0", int64_t{-2}}, {"dim1", int64_t{-1}}},
                  SourcePosition::From(location));
}

Expr Expr::H(std::source_location location) const {
  return MakeExpr(Op::conj, Operands{T(location)}, {}, SourcePosition::From(location));
}

Expr operator+(Arg a, Arg b) { return Binary(Op::add, std::move(a), std::move(b)); }
Expr operator-(Arg a, Arg b) { return Binary(Op::sub, std::move(a), std::move(b)); }
Expr operator*(Arg a, Arg b) { return Binary(Op::mul, std::move(a), std::move(b)); }
Expr operator/(Arg a, Arg b) { return Binary(Op::div, std::move(a), std::move(b)); }
Expr operator-(Arg a) { return MakeExpr(Op::neg, {a}); }

}  // namespace otium

// SPDX-License-Identifier: Apache-2.0
//
// Expr: what users hold. A handle (node, result index) on an immutable,
// reference-counted node. Building one computes nothing, allocates one node and
// infers its dtype and shape at once; structure is inferred when expressions are
// captured into a Graph, where equal values are one value.
//
// A bad call gives a poisoned Expr: its node carries the first error, later
// calls pass it on, and Evaluate or Compile return it. See MakeNode.

#ifndef OTIUM_ENGINE_GRAPH_EXPR_H_
#define OTIUM_ENGINE_GRAPH_EXPR_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <source_location>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "engine/base/export.h"
#include "engine/base/intrusive_ptr.h"
#include "engine/base/tensor.h"
#include "engine/base/tensor_type.h"
#include "engine/graph/attributes.h"
#include "engine/graph/source.h"
#include "ops/op.h"

namespace otium {

class Node;

class OTIUM_EXPORT Expr {
 public:
  // Nothing; stands for a missing optional operand.
  Expr() = default;
  Expr(IntrusivePtr<const Node> node, uint32_t result) : node_(std::move(node)), result_(result) {}

  explicit operator bool() const { return static_cast<bool>(node_); }
  const Node& node() const { return *node_; }
  const IntrusivePtr<const Node>& node_ptr() const { return node_; }
  uint32_t result() const { return result_; }

  // The first error under this expression; OK for a good one.
  absl::Status status() const;
  // dtype and shape; f32[] when poisoned.
  const TensorType& type() const;
  DType dtype() const { return type().dtype; }
  const Shape& shape() const { return type().shape; }

  // The last two dimensions exchanged (PyTorch's .mT); and conjugated. Poisoned
  // when the rank is less than 2.
  Expr T(std::source_location location = std::source_location::current()) const;
  Expr H(std::source_location location = std::source_location::current()) const;

 private:
  IntrusivePtr<const Node> node_;
  uint32_t result_ = 0;
};

// An operand of a builder: an Expr, or what becomes a constant, and where the
// call stands. Implicit on purpose.
class OTIUM_EXPORT Arg {
 public:
  Arg(Expr expr, std::source_location location = std::source_location::current())  // NOLINT
      : expr_(std::move(expr)), location_(location) {}
  // A weak number: takes the dtype of what it meets.
  Arg(int value, std::source_location location = std::source_location::current());      // NOLINT
  Arg(int64_t value, std::source_location location = std::source_location::current());  // NOLINT
  Arg(double value, std::source_location location = std::source_location::current());   // NOLINT
  Arg(std::complex<double> value,                                                       // NOLINT
      std::source_location location = std::source_location::current());
  // A size used as a number.
  Arg(Dim value, std::source_location location = std::source_location::current());     // NOLINT
  Arg(Tensor value, std::source_location location = std::source_location::current());  // NOLINT

  const Expr& expr() const& { return expr_; }
  Expr&& expr() && { return std::move(expr_); }
  SourcePosition position() const { return SourcePosition::From(location_); }

 private:
  Expr expr_;
  std::source_location location_;
};

using Operands = absl::InlinedVector<Expr, 3>;

class OTIUM_EXPORT Node : public RefCounted<Node> {
 public:
  Node(const OpDef& op, Operands operands, Attributes attributes, ResultTypes types,
       SourcePosition position)
      : op_(op),
        operands_(std::move(operands)),
        attributes_(std::move(attributes)),
        types_(std::move(types)),
        position_(position) {}
  // A poisoned node with `num_results` results of type f32[].
  Node(const OpDef& op, absl::Status error, int num_results, SourcePosition position);
  ~Node();
  // Graphs are a million nodes deep: destruction keeps its own stack.
  static void Destroy(const Node* node);

  const OpDef& op() const { return op_; }
  const Operands& operands() const { return operands_; }
  const Attributes& attributes() const { return attributes_; }
  const ResultTypes& types() const { return types_; }
  const SourcePosition& position() const { return position_; }
  // Null for a good node.
  const absl::Status* error() const { return error_.get(); }

  // The value of a result that was asked for, set once by Evaluate; null before.
  // Thread-safe.
  const Tensor* value(uint32_t result) const;
  void SetValue(uint32_t result, const Tensor& value) const;

 private:
  struct Value {
    uint32_t result;
    Tensor tensor;
    Value* next;
  };
  const OpDef& op_;
  Operands operands_;
  Attributes attributes_;
  ResultTypes types_;
  SourcePosition position_;
  std::unique_ptr<const absl::Status> error_;
  mutable std::atomic<Value*> values_{nullptr};
};

// An attribute by name, for MakeNode; those not named take their defaults.
struct NamedAttribute {
  absl::string_view name;
  AttributeValue value;
};

// The one way to make a node. Checks operands and attributes against the op's
// schema, casts operands by the op's promotion rule, infers the result types. On
// failure the node is poisoned with kInvalidArgument "mv: ..." that names both
// shapes; the position is attached (see PositionOf). Results are Expr(node, i).
OTIUM_EXPORT IntrusivePtr<const Node> MakeNode(const OpDef& op, Operands operands,
                                               std::vector<NamedAttribute> attributes,
                                               SourcePosition position);
// The same, for builders of one result.
OTIUM_EXPORT Expr MakeExpr(Op op, std::initializer_list<Arg> operands,
                           std::vector<NamedAttribute> attributes = {});
OTIUM_EXPORT Expr MakeExpr(Op op, Operands operands, std::vector<NamedAttribute> attributes,
                           SourcePosition position);

// A poisoned Expr, f32[]; `error` is not OK.
OTIUM_EXPORT Expr PoisonedExpr(absl::Status error, SourcePosition position);

// A value known now, of its dtype and sizes; the data is shared, not copied, and
// must not change. It becomes part of the plan's key up to 64 elements, an input
// of the plan beyond.
OTIUM_EXPORT Expr constant(Tensor value,
                           std::source_location location = std::source_location::current());

// Errors carry where they were made, as an absl::Status payload.
OTIUM_EXPORT absl::Status WithPosition(absl::Status status, SourcePosition position);
// Not known() when the status has none.
OTIUM_EXPORT SourcePosition PositionOf(const absl::Status& status);

// Element by element, broadcast as in NumPy and promoted as in PyTorch: add, sub,
// mul, div (of integers: f32) and neg. See ops/pointwise.h.
OTIUM_EXPORT Expr operator+(Arg a, Arg b);
OTIUM_EXPORT Expr operator-(Arg a, Arg b);
OTIUM_EXPORT Expr operator*(Arg a, Arg b);
OTIUM_EXPORT Expr operator/(Arg a, Arg b);
OTIUM_EXPORT Expr operator-(Arg a);

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_EXPR_H_

// SPDX-License-Identifier: Apache-2.0
//
// What is known when a graph file is read: sizes, types and attribute values,
// from their syntax. Everything wrong goes to the sink, once, and gives empty.

#ifndef OTIUM_ENGINE_GRAPH_TEXT_EVALUATE_H_
#define OTIUM_ENGINE_GRAPH_TEXT_EVALUATE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "engine/base/dim.h"
#include "engine/base/tensor_type.h"
#include "engine/graph/attributes.h"
#include "engine/graph/text/ast.h"
#include "engine/graph/text/diagnostics.h"
#include "engine/graph/text/literal.h"
#include "ops/op.h"

namespace otium {

// The size names of one graph. A name stands for itself, or for a size that
// becomes known when the graph runs.
class SizeScope {
 public:
  const Dim* Find(absl::string_view name) const {
    auto it = sizes_.find(name);
    return it == sizes_.end() ? nullptr : &it->second;
  }
  // Keeps an earlier one of the same name.
  void Define(absl::string_view name, Dim size) {
    if (sizes_.emplace(name, std::move(size)).second) names_.push_back(name);
  }
  // In the order in which they were defined.
  const std::vector<absl::string_view>& names() const { return names_; }

 private:
  absl::flat_hash_map<absl::string_view, Dim> sizes_;
  std::vector<absl::string_view> names_;
};

class Evaluator {
 public:
  Evaluator(const Ast& ast, const char* file, DiagnosticSink* sink)
      : ast_(ast), file_(file), sink_(sink) {}

  enum class Names : uint8_t { kKnown, kDefine };

  // A size; with kDefine names not seen before become sizes.
  std::optional<Dim> Size(AstId id, SizeScope* sizes, Names names = Names::kKnown);
  // The type of an input. Its words are checked against its shape.
  std::optional<TensorType> InputType(const AstType& type, absl::string_view name,
                                      SizeScope* sizes);
  // The dtype of a type, and what its words say, without the sizes; `weak` is a
  // word only for targets.
  struct Words {
    DType dtype = DType::kF32;
    bool weak = false;
    Layout layout;
    Structure structure;  // Not normalized.
  };
  std::optional<Words> TypeWords(const AstType& type);

  // The value of an attribute, of the kind that `param` wants. Graphs are looked
  // up by `find_graph`.
  std::optional<AttributeValue> Attribute(
      AstId id, const OpDef& op, const ParamDef& param, SizeScope* sizes,
      absl::FunctionRef<GraphPtr(absl::string_view)> find_graph);

  std::optional<NumberLiteral> Number(AstId id);
  std::optional<Tensor> Constant(AstId id, std::optional<DType> dtype,
                                 std::optional<absl::Span<const int64_t>> shape);
  std::optional<DType> DTypeOf(AstId id);
  // A list of integers, or one integer.
  std::optional<Ints> IntegerList(AstId id, absl::string_view what);

  SourcePosition Position(AstId id) const { return Position(ast_.nodes[id].span); }
  SourcePosition Position(const Span& span) const { return PositionOf(span, ast_.text, file_); }
  void Error(AstId id, std::string message, std::string help = "") {
    sink_->Error(Position(id), std::move(message), std::move(help));
  }
  // Names that are values, for "x is a value, not a size".
  void set_is_value(std::function<bool(absl::string_view)> is_value) {
    is_value_ = std::move(is_value);
  }

 private:
  std::optional<Dim> SizeAt(AstId id, int depth, SizeScope* sizes, Names names);
  std::optional<Dim> SizeName(AstId id, SizeScope* sizes, Names names);
  bool AddWord(AstId id, Words* words);
  std::optional<int64_t> Integer(AstId id, absl::string_view what);

  const Ast& ast_;
  const char* const file_;
  DiagnosticSink* const sink_;
  std::function<bool(absl::string_view)> is_value_;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_TEXT_EVALUATE_H_

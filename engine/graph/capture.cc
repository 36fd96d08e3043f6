// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/capture.h"

#include <array>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/graph/graph_builder.h"
#include "engine/graph/schema.h"
#include "engine/graph/substitute.h"

namespace otium {
namespace {

// The values of nodes: of each, that of its first result. Nodes made one after the
// other lie side by side, and so do their values here, in blocks of a cache line;
// a place for each node on its own would be a cache miss for each node.
class NodeValues {
 public:
  // kNoValue: it has none yet.
  ValueId Find(const Node& node) const {
    const auto it = blocks_.find(Number(node) / kBlock);
    return it == blocks_.end() ? kNoValue : it->second[Number(node) % kBlock];
  }
  void Set(const Node& node, ValueId value) {
    const auto [it, is_new] = blocks_.try_emplace(Number(node) / kBlock);
    if (is_new) it->second.fill(kNoValue);
    it->second[Number(node) % kBlock] = value;
  }

 private:
  static constexpr size_t kBlock = 16;
  // No two nodes are so near each other that they have the same.
  static uintptr_t Number(const Node& node) {
    return reinterpret_cast<uintptr_t>(&node) / sizeof(Node);
  }
  absl::flat_hash_map<uintptr_t, std::array<ValueId, kBlock>> blocks_;
};

class Capturer {
 public:
  explicit Capturer(const CaptureRequest& request)
      : request_(request),
        sources_(std::make_shared<SourceTable>()),
        builder_(sources_),
        next_stream_(request.first_stream) {
    for (const auto& [name, expr] : request.value_names) {
      if (expr && expr.result() == 0) names_.try_emplace(&expr.node(), name);
    }
    std::vector<std::string> taken;
    for (const CaptureRequest::Input& in : request.inputs) {
      for (const Dim& d : in.expr.shape().dims()) d.CollectSymbols(&taken);
    }
    taken_sizes_.insert(taken.begin(), taken.end());
    for (const auto& [fresh, name] : request.size_names) taken_sizes_.insert(name);
  }

  absl::StatusOr<Graph> Run() {
    builder_.SetName(request_.name);
    for (const CaptureRequest::Input& in : request_.inputs) {
      OTIUM_RETURN_IF_ERROR(AddInput(in));
    }
    for (const Expr& expr : request_.order) {
      OTIUM_RETURN_IF_ERROR(expr.status());
      OTIUM_RETURN_IF_ERROR(Visit(expr.node_ptr().get()));
    }
    for (const auto& [name, expr] : request_.outputs) {
      OTIUM_RETURN_IF_ERROR(expr.status());
      if (expr.node().value(expr.result()) == nullptr) {
        OTIUM_RETURN_IF_ERROR(Visit(expr.node_ptr().get()));
      } else {
        CountStream(expr.node());
      }
      ValueId value = ValueOf(expr);
      if (!builder_.status().ok()) return builder_.status();
      const TensorType& type = builder_.graph().type(value);
      if (type.weak) {
        const DType settled = StrongDType(type);
        value = builder_.Add(Op::cast, {value}, {{"dtype", settled}});
      }
      builder_.AddOutput(name, value);
    }
    for (const auto& [name, expr] : request_.value_names) {
      if (!expr) continue;
      const ValueId first = first_values_.Find(expr.node());
      if (first != kNoValue) builder_.SetValueName(first + expr.result(), name);
    }
    return std::move(builder_).Build();
  }

 private:
  absl::Status AddInput(const CaptureRequest::Input& in) {
    const Node& node = in.expr.node();
    GraphPtr default_graph;
    if (in.default_value) {
      OTIUM_RETURN_IF_ERROR(in.default_value.status());
      OTIUM_RETURN_IF_ERROR(CheckDefault(in));
      CaptureRequest request;
      request.name = "default";
      // Far from those of the graph itself and of other inputs.
      request.first_stream = ++num_defaults_ << 32;
      request.outputs.emplace_back(
          "value", MakeExpr(Op::cast, Operands{in.default_value}, {{"dtype", in.expr.dtype()}},
                            in.default_value.node().position()));
      OTIUM_ASSIGN_OR_RETURN(Graph graph, Capture(request));
      default_graph = std::make_shared<const Graph>(std::move(graph));
    }
    SetOrigin(node);
    const ValueId value = builder_.AddInput(node.attributes().Get<std::string>("name"),
                                            node.types()[0], std::move(default_graph));
    first_values_.Set(node, value);
    return absl::OkStatus();
  }

  static absl::Status CheckDefault(const CaptureRequest::Input& in) {
    const TensorType& type = in.expr.type();
    const TensorType& value = in.default_value.type();
    const bool fits =
        value.weak ? Category(value.dtype) <= Category(type.dtype) : value.dtype == type.dtype;
    if (fits && value.shape == type.shape) return absl::OkStatus();
    return WithPosition(absl::InvalidArgumentError(absl::StrCat(
                            "the default of ", in.expr.node().attributes().Get<std::string>("name"),
                            " is ", ShortType(value), ", not ", ShortType(type))),
                        in.default_value.node().position());
  }

  // Post-order without recursion: a node stays on the stack until its operands
  // have values.
  absl::Status Visit(const Node* root) {
    stack_.push_back(root);
    while (!stack_.empty()) {
      const Node* node = stack_.back();
      if (first_values_.Find(*node) != kNoValue) {
        stack_.pop_back();
        continue;
      }
      bool ready = true;
      for (size_t i = node->operands().size(); i-- > 0;) {
        const Expr& e = node->operands()[i];
        if (!e || first_values_.Find(e.node()) != kNoValue) continue;
        if (e.node().value(e.result()) != nullptr) {
          CountStream(e.node());
          continue;
        }
        stack_.push_back(&e.node());
        ready = false;
      }
      if (PushMakers(*node) || !ready) continue;
      stack_.pop_back();
      if (node->op().id == Op::input) {
        return WithPosition(absl::InvalidArgumentError(absl::StrCat(
                                "the input ", node->attributes().Get<std::string>("name"),
                                " is used, but is not an input of ",
                                request_.name.empty() ? "this evaluation" : request_.name)),
                            node->position());
      }
      AddNode(*node);
      if (!builder_.status().ok()) return WithPosition(builder_.status(), node->position());
    }
    return absl::OkStatus();
  }

  // A size that is data needs the node that makes it first, of which it is no
  // operand: zeros([k]). Whether some must be visited before `node`.
  bool PushMakers(const Node& node) {
    bool pushed = false;
    for (const std::string& size : SizesIn(node.attributes())) {
      if (!IsFreshSize(size) || fresh_sizes_.contains(size)) continue;
      FindMakers();
      const auto it = makers_.find(size);
      if (it == makers_.end() || it->second == &node) continue;
      const Node& maker = *it->second;
      if (const Tensor* value = maker.value(0)) {
        const Shape& shape = maker.types()[0].shape;
        for (int d = 0; d < shape.rank(); ++d) {
          if (shape[d].symbol() == size) fresh_sizes_.emplace(size, Dim(value->sizes()[d]));
        }
        continue;
      }
      stack_.push_back(&maker);
      pushed = true;
    }
    return pushed;
  }

  // The nodes that make sizes, once one is asked for, and the names they have.
  void FindMakers() {
    if (std::exchange(found_makers_, true)) return;
    absl::flat_hash_set<const Node*> seen;
    std::vector<const Node*> stack;
    const auto push = [&](const Expr& e) {
      const bool good = e && e.node().error() == nullptr;
      if (good && seen.insert(&e.node()).second) stack.push_back(&e.node());
    };
    for (const Expr& e : request_.order) push(e);
    for (const auto& [name, e] : request_.outputs) push(e);
    while (!stack.empty()) {
      const Node* node = stack.back();
      stack.pop_back();
      for (const Expr& e : node->operands()) push(e);
      if (!node->op().Is(kDataDependent)) continue;
      const absl::string_view size = node->attributes().Get<Dim>("count").symbol();
      if (IsFreshSize(size)) makers_.emplace(size, node);
      else taken_sizes_.insert(std::string(size));
    }
  }

  // A random node that has its value took a stream, which no other may have now.
  void CountStream(const Node& node) {
    if (node.op().Is(kRandomOp) && counted_.insert(&node).second) ++next_stream_;
  }

  void SetOrigin(const Node& node) {
    const auto id = static_cast<SourceId>(sources_->entries.size());
    auto name = names_.find(&node);
    // A pin is no node of the graph: what is pinned is.
    const Node* op = &node;
    while (op->op().id == Op::on) op = &op->operands()[0].node();
    sources_->entries.push_back(
        {node.position(), op->op().id, name == names_.end() ? std::string() : name->second});
    builder_.SetOrigins({id});
  }

  ValueId ValueOf(const Expr& e) {
    if (!e) return kNoValue;
    if (const Tensor* known = e.node().value(e.result())) {
      SetOrigin(e.node());
      return builder_.Add(Op::constant, {}, {{"value", *known}});
    }
    return first_values_.Find(e.node()) + e.result();
  }

  void AddNode(const Node& node) {
    SetOrigin(node);
    operands_.clear();
    for (const Expr& e : node.operands()) operands_.push_back(ValueOf(e));
    if (node.op().id == Op::on) {
      const auto& device = node.attributes().Get<std::string>("device");
      first_values_.Set(node, Pinned(operands_[0], device));
      return;
    }
    Attributes attributes = node.attributes();
    if (!fresh_sizes_.empty()) {
      attributes = SubstituteSizes(node.op(), attributes, [&](absl::string_view name) {
        auto it = fresh_sizes_.find(name);
        return it == fresh_sizes_.end() ? std::optional<Dim>() : it->second;
      });
    }
    if (node.op().Is(kRandomOp) && attributes.Get<int64_t>("stream") < 0) {
      attributes = attributes.With("stream", next_stream_++);
    }
    if (node.op().Is(kDataDependent)) {
      const Dim& count = attributes.Get<Dim>("count");
      if (IsFreshSize(count.symbol())) {
        const Dim named = Dim::Symbol(NameSize(count.symbol()));
        fresh_sizes_.emplace(std::string(count.symbol()), named);
        attributes = attributes.With("count", named);
      }
    }
    first_values_.Set(node, builder_.Add(node.op(), operands_, attributes));
  }

  std::string NameSize(absl::string_view fresh) {
    for (const auto& [wanted_by, name] : request_.size_names) {
      if (wanted_by == fresh) return name;
    }
    FindMakers();
    std::string name;
    do name = absl::StrCat("k", next_size_++);
    while (!taken_sizes_.insert(name).second);
    return name;
  }

  // The node that made `value`, again, wanted on `device`.
  ValueId Pinned(ValueId value, const std::string& device) {
    const Graph& g = builder_.graph();
    const NodeId n = g.producer(value);
    if (g.Is(n, Op::input)) return value;
    const std::vector<ValueId> operands(g.operands(n).begin(), g.operands(n).end());
    const int result = g.result_index(value);
    const OpDef& op = g.op(n);
    const Attributes attributes = g.attributes(n);
    builder_.SetPin(DeviceFromString(device));
    const ValueId first = builder_.Add(op, operands, attributes);
    builder_.SetPin(std::nullopt);
    return first == kNoValue ? kNoValue : first + result;
  }

  const CaptureRequest& request_;
  std::shared_ptr<SourceTable> sources_;
  GraphBuilder builder_;
  NodeValues first_values_;
  absl::flat_hash_map<const Node*, std::string> names_;
  absl::flat_hash_map<std::string, Dim> fresh_sizes_;
  absl::flat_hash_map<std::string, const Node*> makers_;
  bool found_makers_ = false;
  absl::flat_hash_set<std::string> taken_sizes_;
  int next_size_ = 0;
  std::vector<const Node*> stack_;
  std::vector<ValueId> operands_;
  int64_t next_stream_;
  int64_t num_defaults_ = 0;
  absl::flat_hash_set<const Node*> counted_;
};

}  // namespace

Expr InputExpr(absl::string_view name, const TensorType& type, SourcePosition position) {
  absl::StatusOr<Attributes> attributes =
      ResolveAttributes(GetOp(Op::input), {{"name", std::string(name)}});
  return Expr(MakeIntrusive<Node>(GetOp(Op::input), Operands{}, *std::move(attributes),
                                  ResultTypes{type}, position),
              0);
}

absl::StatusOr<Graph> Capture(const CaptureRequest& request) { return Capturer(request).Run(); }

}  // namespace otium

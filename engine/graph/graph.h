// SPDX-License-Identifier: Apache-2.0
//
// Graph: captured expressions, interned and typed. Nodes stand in topological
// order in flat arrays and are named by index; results are values, numbered
// through all nodes. A Graph never changes: passes make new ones with a
// GraphBuilder (graph_builder.h), where an equal node is the same node.
//
//   for (NodeId n = 0; n < graph.num_nodes(); ++n)
//     for (ValueId v : graph.operands(n)) ... graph.type(v) ...
//
// A missing optional operand is kNoValue.

#ifndef OTIUM_ENGINE_GRAPH_GRAPH_H_
#define OTIUM_ENGINE_GRAPH_GRAPH_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/device.h"
#include "engine/base/export.h"
#include "engine/base/hash.h"
#include "engine/base/tensor_type.h"
#include "engine/graph/attributes.h"
#include "engine/graph/source.h"
#include "ops/op.h"

namespace otium {

using NodeId = uint32_t;
using SourceId = uint32_t;
inline constexpr ValueId kNoValue = ~ValueId{0};

// What the user wrote: one entry for each node that was captured, shared by all
// graphs that passes make of it.
struct OTIUM_EXPORT SourceTable {
  struct Entry {
    SourcePosition position;
    Op op;
    std::string name;  // The user's name for its first result, or empty.
  };
  std::vector<Entry> entries;

  // Of the positions; equal expressions on other lines have another. Computed once,
  // when the table is complete.
  uint64_t hash() const;

 private:
  mutable std::atomic<uint64_t> hash_ = 0;
};

struct GraphInput {
  std::string name;
  ValueId value = kNoValue;
  // The value when the caller gives none; evaluates without inputs but sizes.
  GraphPtr default_value;
};

struct GraphOutput {
  std::string name;
  ValueId value = kNoValue;
};

class OTIUM_EXPORT Graph {
 public:
  const std::string& name() const { return name_; }
  absl::Span<const GraphInput> inputs() const { return inputs_; }
  absl::Span<const GraphOutput> outputs() const { return outputs_; }

  NodeId num_nodes() const { return static_cast<NodeId>(nodes_.size()); }
  const OpDef& op(NodeId n) const { return *nodes_[n].op; }
  bool Is(NodeId n, Op op) const { return nodes_[n].op->id == op; }
  absl::Span<const ValueId> operands(NodeId n) const {
    return absl::MakeConstSpan(operands_).subspan(nodes_[n].operand_begin, nodes_[n].num_operands);
  }
  const Attributes& attributes(NodeId n) const { return nodes_[n].attributes; }
  int num_results(NodeId n) const { return nodes_[n].num_results; }
  ValueId result(NodeId n, int i = 0) const { return nodes_[n].first_result + i; }
  absl::Span<const TensorType> result_types(NodeId n) const {
    return absl::MakeConstSpan(types_).subspan(nodes_[n].first_result, nodes_[n].num_results);
  }
  // What the node was made from, in the order of the source; never empty in a
  // captured graph.
  absl::Span<const SourceId> origins(NodeId n) const {
    return absl::MakeConstSpan(origins_).subspan(nodes_[n].origin_begin, nodes_[n].num_origins);
  }
  // The device the user wants it on.
  const std::optional<Device>& pin(NodeId n) const { return nodes_[n].pin; }

  ValueId num_values() const { return static_cast<ValueId>(types_.size()); }
  const TensorType& type(ValueId v) const { return types_[v]; }
  NodeId producer(ValueId v) const { return producers_[v]; }
  // Which result of its producer `v` is.
  int result_index(ValueId v) const {
    return static_cast<int>(v - nodes_[producers_[v]].first_result);
  }
  // The name that the user or a pass gave, or empty.
  absl::string_view value_name(ValueId v) const {
    auto it = value_names_.find(v);
    return it == value_names_.end() ? absl::string_view() : absl::string_view(it->second);
  }

  const std::shared_ptr<const SourceTable>& sources() const { return sources_; }

  // Equal for graphs of equal content: ops, attributes, types, operands, inputs
  // and outputs; not names of values, positions, nor data of large constants.
  const Hash128& fingerprint() const { return fingerprint_; }
  // The nodes that are constants of more than kSmallConstant elements, in order.
  // Two graphs of equal fingerprint have as many, which may hold other data.
  absl::Span<const NodeId> large_constants() const { return large_constants_; }

  // How often each value is used, as an operand or an output.
  std::vector<uint32_t> CountUses() const;
  // The size names in inputs' types, first mention first.
  std::vector<std::string> SizeNames() const;
  // Every size in every type is an integer.
  bool IsStatic() const;

 private:
  friend class GraphBuilder;
  struct NodeData {
    const OpDef* op;
    Attributes attributes;
    uint32_t operand_begin;
    uint32_t first_result;
    uint32_t origin_begin;
    uint16_t num_results;
    uint16_t num_origins;
    uint32_t num_operands;
    std::optional<Device> pin;
  };
  std::string name_;
  std::vector<GraphInput> inputs_;
  std::vector<GraphOutput> outputs_;
  std::vector<NodeData> nodes_;
  std::vector<ValueId> operands_;
  std::vector<TensorType> types_;
  std::vector<NodeId> producers_;
  absl::flat_hash_map<ValueId, std::string> value_names_;
  std::vector<SourceId> origins_;
  std::vector<NodeId> large_constants_;
  std::shared_ptr<const SourceTable> sources_;
  Hash128 fingerprint_;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_GRAPH_H_

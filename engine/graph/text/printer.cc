// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/text/printer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/graph/schema.h"
#include "engine/graph/text/lexer.h"
#include "engine/graph/text/literal.h"

namespace otium {
namespace {

// A default is printed as one expression, within what the parser reads back.
constexpr size_t kMaxDefaultText = 64 << 10;
constexpr int kMaxDefaultDepth = 100;
// Headers longer than this have one input a line.
constexpr size_t kMaxHeader = 100;

using GraphNames = absl::flat_hash_map<const Graph*, std::string>;

bool SameValue(const AttributeValue& a, const AttributeValue& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&]<class T>(const T& x) {
        const T& y = std::get<T>(b);
        // Defaults are never of these kinds.
        if constexpr (std::is_same_v<T, Tensor> || std::is_same_v<T, GraphPtr>) return false;
        else return x == y;
      },
      a);
}

void AppendType(const TensorType& type, std::string* text) {
  absl::StrAppend(text, DTypeName(type.dtype), type.shape.ToString(), type.weak ? " weak" : "");
  if (type.structure.IsGeneral() && type.layout == Layout()) return;
  // What follows the shape: structure and layout.
  const std::string whole = type.ToString();
  absl::StrAppend(text, absl::string_view(whole).substr(ShortType(type).size()));
}

class GraphPrinter {
 public:
  // `names` may be empty.
  GraphPrinter(const Graph& graph, const GraphNames& graph_names,
               absl::Span<const std::string> names, const PrintOptions& options, std::string* text)
      : graph_(graph),
        graph_names_(graph_names),
        options_(options),
        text_(*text),
        own_names_(names.empty() ? ChooseValueNames(graph) : std::vector<std::string>()),
        names_(names.empty() ? own_names_ : names) {}

  void Print() {
    PrintHeader();
    for (NodeId n = 0; n < graph_.num_nodes(); ++n) {
      if (!graph_.Is(n, Op::input)) PrintNode(n);
    }
    // Results that are inputs, or are a value that has another name.
    for (const GraphOutput& out : graph_.outputs()) {
      if (names_[out.value] == out.name) continue;
      absl::StrAppend(&text_, "  ", out.name, ": ");
      AppendType(graph_.type(out.value), &text_);
      absl::StrAppend(&text_, " = ", names_[out.value], "\n");
    }
    text_ += "}\n";
  }

 private:
  void PrintHeader() {
    std::vector<std::string> inputs;
    size_t width = graph_.name().size();
    for (const GraphInput& in : graph_.inputs()) {
      std::string input = absl::StrCat(in.name, ": ");
      AppendType(graph_.type(in.value), &input);
      if (in.default_value) absl::StrAppend(&input, " = ", DefaultText(in));
      width += input.size() + 2;
      inputs.push_back(std::move(input));
    }
    const bool broken = width > kMaxHeader;
    absl::StrAppend(&text_, "graph ", graph_names_.at(&graph_), "(");
    for (size_t i = 0; i < inputs.size(); ++i) {
      absl::StrAppend(&text_, i > 0 ? "," : "", broken ? "\n    " : i > 0 ? " " : "", inputs[i]);
    }
    text_ += ") -> ";
    const bool single = graph_.outputs().size() == 1;
    if (!single) text_ += '(';
    for (size_t i = 0; i < graph_.outputs().size(); ++i) {
      absl::StrAppend(&text_, i > 0 ? ", " : "", graph_.outputs()[i].name);
    }
    absl::StrAppend(&text_, single ? "" : ")", " {\n");
  }

  void PrintNode(NodeId n) {
    text_ += "  ";
    for (int i = 0; i < graph_.num_results(n); ++i) {
      const ValueId v = graph_.result(n, i);
      absl::StrAppend(&text_, i > 0 ? ", " : "", names_[v], ": ");
      AppendType(graph_.type(v), &text_);
    }
    text_ += " = ";
    AppendCall(
        graph_, n, [&](ValueId v) { return absl::string_view(names_[v]); }, &text_);
    if (graph_.pin(n).has_value()) {
      absl::StrAppend(&text_, " on ", DeviceToString(*graph_.pin(n)));
    }
    text_ += '\n';
  }

  // "mv(A, x)": operands and attributes in schema order, by position as long as
  // nothing is left out and they are required, then by name.
  template <class NameOf>
  void AppendCall(const Graph& graph, NodeId n, NameOf name_of, std::string* text) {
    const OpDef& op = graph.op(n);
    const Attributes& attributes = graph.attributes(n);
    const absl::Span<const ValueId> operands = graph.operands(n);
    if (op.id == Op::constant) {
      *text += Constant(attributes.Get<Tensor>("value"), attributes.Get<bool>("weak"));
      return;
    }
    const bool scope = op.id == Op::call || op.id == Op::fused;
    if (scope) {
      const Graph* callee = attributes.Get<GraphPtr>("graph").get();
      absl::StrAppend(text, op.name, " ", graph_names_.at(callee), "(");
    } else {
      absl::StrAppend(text, op.name, "(");
    }
    bool first = true, positional = true;
    const auto next = [&] {
      if (!first) text->append(", ");
      first = false;
    };
    size_t operand = 0, attribute = 0;
    for (const ParamDef& p : op.params) {
      switch (p.kind) {
        case ParamKind::kTensor:
          next();
          absl::StrAppend(text, name_of(operands[operand++]));
          continue;
        case ParamKind::kOptionalTensor: {
          const ValueId v = operand < operands.size() ? operands[operand++] : kNoValue;
          positional = false;
          if (v == kNoValue) continue;
          next();
          absl::StrAppend(text, p.name, "=", name_of(v));
          continue;
        }
        case ParamKind::kTensors: {
          const auto rest = operands.subspan(operand);
          if (scope) {
            for (ValueId v : rest) {
              next();
              absl::StrAppend(text, name_of(v));
            }
            continue;
          }
          next();
          text->append("[");
          for (size_t i = 0; i < rest.size(); ++i) {
            absl::StrAppend(text, i > 0 ? ", " : "", name_of(rest[i]));
          }
          text->append("]");
          continue;
        }
        default: break;
      }
      const AttributeValue& value = attributes.values()[attribute++];
      if (scope) continue;  // The graph, which stands before the operands.
      const bool required = p.default_value.kind == ParamDefault::kRequired;
      if (!required && SameValue(value, DefaultAttribute(p))) {
        positional = false;
        continue;
      }
      positional = positional && required && !p.keyword_only;
      next();
      if (!positional) absl::StrAppend(text, p.name, "=");
      const auto* pairs = std::get_if<Ints>(&value);
      if (p.kind == ParamKind::kPairing && pairs != nullptr) {
        const auto middle = pairs->begin() + static_cast<ptrdiff_t>(pairs->size() / 2);
        absl::StrAppend(text, "[[", absl::StrJoin(pairs->begin(), middle, ", "), "], [",
                        absl::StrJoin(middle, pairs->end(), ", "), "]]");
      } else {
        AppendAttribute(graph, n, value, text);
      }
    }
    text->append(")");
  }

  void AppendAttribute(const Graph& graph, NodeId n, const AttributeValue& value,
                       std::string* text) {
    struct Append {
      GraphPrinter& printer;
      const TensorType& type;
      std::string* text;
      void operator()(std::monostate) const { text->append("none"); }
      void operator()(bool v) const { text->append(v ? "true" : "false"); }
      void operator()(int64_t v) const { absl::StrAppend(text, v); }
      void operator()(double v) const { text->append(RealToText(v)); }
      void operator()(const std::string& v) const { text->append(EscapeString(v)); }
      void operator()(DType v) const { absl::StrAppend(text, DTypeName(v)); }
      void operator()(const Dim& v) const { text->append(v.ToString()); }
      void operator()(const Dims& v) const {
        absl::StrAppend(text, Shape(absl::Span<const Dim>(v)).ToString());
      }
      void operator()(const Ints& v) const {
        absl::StrAppend(text, "[", absl::StrJoin(v, ", "), "]");
      }
      void operator()(const Tensor& v) const { text->append(printer.Constant(v, /*weak=*/false)); }
      void operator()(const GraphPtr& v) const { text->append(printer.graph_names_.at(v.get())); }
      void operator()(const Structure& v) const {
        // Words are separated by spaces, outside of the brackets of banded(1, 2).
        text->append("[");
        for (char c : StructureToString(v, type.dtype, type.shape)) {
          const bool separates = c == ' ' && text->back() != ',';
          if (separates) text->push_back(',');
          text->push_back(c);
        }
        text->append("]");
      }
    };
    std::visit(Append{*this, graph.type(graph.result(n)), text}, value);
  }

  std::string Constant(const Tensor& value, bool weak) {
    if (value.NumElements() <= kSmallConstant) return ConstantToText(value, weak);
    std::string file;
    if (options_.save_constant) {
      file = options_.save_constant(
          value, absl::StrCat(graph_names_.at(&graph_), ".c", num_large_constants_++));
    }
    if (!file.empty()) return absl::StrCat("load(", EscapeString(file), ")");
    return absl::StrCat("elided(\"", value.NumElements() * ItemSize(value.dtype()), " bytes\")");
  }

  // The graph of a default as one expression. What reading adds, a cast to the
  // input's dtype, is not printed.
  std::string DefaultText(const GraphInput& in) {
    const Graph& graph = *in.default_value;
    std::vector<std::string> texts(graph.num_values());
    std::vector<int> depths(graph.num_values(), 0);
    ValueId root = graph.outputs()[0].value;
    const NodeId last = graph.producer(root);
    if (graph.Is(last, Op::cast)) root = graph.operands(last)[0];
    for (NodeId n = 0; n <= graph.producer(root); ++n) {
      const ValueId v = graph.result(n);
      for (ValueId operand : graph.operands(n)) {
        if (operand != kNoValue) depths[v] = std::max(depths[v], depths[operand] + 1);
      }
      AppendCall(
          graph, n, [&](ValueId o) { return absl::string_view(texts[o]); }, &texts[v]);
      if (texts[v].size() > kMaxDefaultText || depths[v] > kMaxDefaultDepth ||
          graph.num_results(n) != 1) {
        return "elided(\"a default too large to print\")";
      }
    }
    return texts[root];
  }

  const Graph& graph_;
  const GraphNames& graph_names_;
  const PrintOptions& options_;
  std::string& text_;
  const std::vector<std::string> own_names_;
  const absl::Span<const std::string> names_;
  int num_large_constants_ = 0;
};

// The graphs that `graph` mentions, in its attributes and in defaults.
std::vector<const Graph*> Mentioned(const Graph& graph) {
  std::vector<const Graph*> mentioned;
  const auto look = [&](const Graph& g) {
    for (NodeId n = 0; n < g.num_nodes(); ++n) {
      if (g.op(n).id != Op::call && g.op(n).id != Op::fused &&
          std::none_of(g.op(n).params.begin(), g.op(n).params.end(),
                       [](const ParamDef& p) { return p.kind == ParamKind::kGraph; })) {
        continue;
      }
      for (const AttributeValue& value : g.attributes(n).values()) {
        const auto* callee = std::get_if<GraphPtr>(&value);
        if (callee != nullptr && *callee) mentioned.push_back(callee->get());
      }
    }
  };
  for (const GraphInput& in : graph.inputs()) {
    if (in.default_value) look(*in.default_value);
  }
  look(graph);
  return mentioned;
}

// `graph` and all it mentions, those mentioned first, each once.
std::vector<const Graph*> CalleesFirst(const Graph& graph) {
  std::vector<const Graph*> order;
  absl::flat_hash_set<const Graph*> done;
  struct Frame {
    const Graph* graph;
    std::vector<const Graph*> callees;
    size_t next = 0;
  };
  std::vector<Frame> stack;
  stack.push_back({&graph, Mentioned(graph)});
  while (!stack.empty()) {
    Frame& frame = stack.back();
    if (frame.next < frame.callees.size()) {
      const Graph* callee = frame.callees[frame.next++];
      if (!done.contains(callee)) stack.push_back({callee, Mentioned(*callee)});
      continue;
    }
    if (done.insert(frame.graph).second) order.push_back(frame.graph);
    stack.pop_back();
  }
  return order;
}

}  // namespace

std::vector<std::string> ChooseValueNames(const Graph& graph, absl::Span<const std::string> wanted,
                                          size_t* next_number) {
  std::vector<std::string> names(graph.num_values());
  std::vector<bool> used(graph.num_values(), false);
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    for (ValueId v : graph.operands(n)) {
      if (v != kNoValue) used[v] = true;
    }
  }
  // Sizes are names too, and are found first where a size is meant.
  std::vector<std::string> sizes = graph.SizeNames();
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    if (!graph.op(n).Is(kDataDependent)) continue;
    graph.attributes(n).Get<Dim>("count").CollectSymbols(&sizes);
  }
  absl::flat_hash_set<std::string> taken(sizes.begin(), sizes.end());
  for (const GraphInput& in : graph.inputs()) {
    names[in.value] = in.name;
    taken.insert(in.name);
  }
  for (const GraphOutput& out : graph.outputs()) {
    used[out.value] = true;
    if (names[out.value].empty()) names[out.value] = out.name;
    taken.insert(out.name);
  }
  const auto take = [&](ValueId v, absl::string_view name) {
    if (names[v].empty() && used[v] && IsValidName(name) && name != "_" &&
        taken.insert(std::string(name)).second) {
      names[v] = std::string(name);
    }
  };
  for (ValueId v = 0; v < wanted.size(); ++v) take(v, wanted[v]);
  for (ValueId v = 0; v < graph.num_values(); ++v) take(v, graph.value_name(v));
  size_t first = 0;
  size_t& next = next_number != nullptr ? *next_number : first;
  for (ValueId v = 0; v < graph.num_values(); ++v) {
    if (!names[v].empty()) continue;
    if (!used[v]) {
      names[v].assign(1, '_');
      continue;
    }
    do names[v] = absl::StrCat("v", next++);
    while (taken.contains(names[v]));
  }
  return names;
}

std::string PrintGraph(const Graph& graph, const PrintOptions& options) {
  const std::vector<const Graph*> order = CalleesFirst(graph);
  GraphNames names;
  absl::flat_hash_set<std::string> taken;
  const auto name = [&](const Graph* g) {
    const std::string wanted = IsValidName(g->name()) ? g->name() : "main";
    std::string unique = wanted;
    for (int i = 1; !taken.insert(unique).second; ++i) unique = absl::StrCat(wanted, "_", i);
    names.emplace(g, std::move(unique));
  };
  // The graph itself keeps its name, whatever its callees are called.
  name(&graph);
  // Callees that are equal by name and content are printed once.
  absl::flat_hash_map<std::pair<Hash128, std::string>, const Graph*> by_content;
  std::vector<const Graph*> printed;
  for (const Graph* g : order) {
    if (g == &graph) continue;
    if (g->large_constants().empty()) {
      const auto [same, is_new] =
          by_content.try_emplace(std::make_pair(g->fingerprint(), g->name()), g);
      if (!is_new) {
        std::string its_name = names.at(same->second);
        names.emplace(g, std::move(its_name));
        continue;
      }
    }
    name(g);
    printed.push_back(g);
  }
  printed.push_back(&graph);
  std::string text;
  for (const Graph* g : printed) {
    if (!text.empty()) text += '\n';
    const auto value_names = g == &graph ? options.names : absl::Span<const std::string>();
    GraphPrinter(*g, names, value_names, options, &text).Print();
  }
  return text;
}

}  // namespace otium

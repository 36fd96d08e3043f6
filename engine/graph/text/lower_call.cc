// SPDX-License-Identifier: Apache-2.0
//
// Calls: of ops, by the one ordered parameter list of their schema; of earlier
// graphs; and of the forms tensor(...) and load(...), which make constants.

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/graph/apply.h"
#include "engine/graph/substitute.h"
#include "engine/graph/text/lowering.h"

namespace otium {
namespace {

// Ops that text writes in another way.
absl::string_view WrittenAs(Op op) {
  switch (op) {
    case Op::input: return "inputs are declared in the graph's header";
    case Op::constant: return "constants are written tensor([1, 2], dtype=f32)";
    case Op::on: return "a device is written behind the statement: y = f(x) on cuda";
    case Op::call: return "a graph is called by its name: f(x)";
    case Op::fused: return "a fused graph is called fused NAME(...)";
    default: return "";
  }
}

constexpr absl::string_view kForms[] = {"tensor", "load"};

// The arguments of a call, by parameter; kNoAst where there is none.
struct Bound {
  std::vector<AstId> slots;
  std::vector<AstId> tensors;  // Of a kTensors parameter.
};

}  // namespace

std::optional<std::vector<Expr>> GraphLowering::LowerCall(AstId id) {
  const AstKind kind = ast_.Kind(id);
  const absl::string_view name = Text(ast_.Children(id)[0]);
  if (kind == AstKind::kScopeCall) return LowerGraphCall(GetOp(Op::call), name, id);
  if (kind == AstKind::kFusedCall) return LowerGraphCall(GetOp(Op::fused), name, id);
  const OpDef* op = FindOp(name);
  if (op != nullptr && WrittenAs(op->id).empty()) {
    if (file_.graphs.contains(name)) {
      file_.sink.Warning(Position(ast_.nodes[ast_.Children(id)[0]].span),
                         absl::StrCat(name, " is an op and also a graph; this calls the op"),
                         absl::StrCat("for the graph write call ", name, "(...)"));
    }
    return LowerOpCall(*op, id);
  }
  if (file_.graphs.contains(name) || file_.failed.contains(name)) {
    return LowerGraphCall(GetOp(Op::call), name, id);
  }
  Expr constant;
  if (name == "tensor") {
    constant = LowerTensor(id);
  } else if (name == "load") {
    constant = LowerLoad(id);
  } else if (name == "elided") {
    Error(id, "a constant was left out when this text was printed, so it cannot run",
          "print it again with its constants kept in files");
  } else if (op != nullptr) {
    Error(id, absl::StrCat(name, " cannot be called"), std::string(WrittenAs(op->id)));
  } else {
    ReportUnknownOp(id);
  }
  if (!constant) return std::nullopt;
  return std::vector<Expr>{std::move(constant)};
}

void GraphLowering::ReportUnknownOp(AstId id) {
  const AstId at = ast_.Children(id)[0];
  const absl::string_view name = Text(at);
  if (name == request_.name) {
    Error(at, absl::StrCat("the graph ", name, " calls itself"), "graphs cannot be recursive");
    return;
  }
  for (const AstGraph& graph : ast_.graphs) {
    if (ast_.Text(graph.name) != name) continue;
    Error(at, absl::StrCat("the graph ", name, " is defined later in the file"),
          "only earlier graphs can be called: move it up");
    return;
  }
  const bool op_called = ast_.Kind(id) == AstKind::kCall;
  if (op_called && DTypeFromName(name).has_value()) {
    Error(at, absl::StrCat(name, " is a dtype"), absl::StrCat("write cast(x, ", name, ")"));
    return;
  }
  std::vector<absl::string_view> known;
  if (op_called) {
    for (const OpDef* op : AllOps()) {
      if (WrittenAs(op->id).empty()) known.push_back(op->name);
    }
    known.insert(known.end(), std::begin(kForms), std::end(kForms));
  }
  // In the order of the file, so that the answer is always the same.
  for (const AstGraph& graph : ast_.graphs) {
    if (file_.graphs.contains(ast_.Text(graph.name))) known.push_back(ast_.Text(graph.name));
  }
  std::string help = names_.contains(name)
                         ? absl::StrCat(name, " is a value; a product is ", name, " * (...)")
                         : DidYouMean(name, known);
  if (help.empty() && op_called) help = "AllOps() lists them";
  Error(at, absl::StrCat(op_called ? "unknown op " : "unknown graph ", name), std::move(help));
}

std::optional<std::vector<Expr>> GraphLowering::LowerOpCall(const OpDef& op, AstId id) {
  const absl::Span<const AstId> arguments = ast_.Children(id).subspan(1);
  Bound bound{std::vector<AstId>(op.params.size(), kNoAst), {}};
  bool good = true;
  size_t next = 0;
  for (AstId argument : arguments) {
    if (ast_.Kind(argument) == AstKind::kKeyword) {
      const absl::Span<const AstId> parts = ast_.Children(argument);
      const auto param = std::find_if(op.params.begin(), op.params.end(),
                                      [&](const ParamDef& p) { return p.name == Text(parts[0]); });
      if (param == op.params.end()) {
        std::vector<absl::string_view> known;
        for (const ParamDef& p : op.params) known.push_back(p.name);
        Error(parts[0], absl::StrCat(op.name, " has no parameter ", Text(parts[0])),
              DidYouMean(Text(parts[0]), known));
        good = false;
        continue;
      }
      AstId& slot = bound.slots[param - op.params.begin()];
      if (slot != kNoAst || (param->kind == ParamKind::kTensors && !bound.tensors.empty())) {
        Error(argument, absl::StrCat(op.name, ": ", param->name, " is given twice"));
        good = false;
      }
      slot = parts[1];
      continue;
    }
    // A string is never a tensor: einsum("ij->i", x), whatever comes first in
    // the schema.
    if (ast_.Kind(argument) == AstKind::kString) {
      const auto text = std::find_if(op.params.begin(), op.params.end(), [&](const ParamDef& p) {
        return p.kind == ParamKind::kString && !p.keyword_only &&
               bound.slots[&p - op.params.begin()] == kNoAst;
      });
      if (text != op.params.end()) {
        bound.slots[text - op.params.begin()] = argument;
        continue;
      }
    }
    while (next < op.params.size() &&
           (op.params[next].keyword_only || bound.slots[next] != kNoAst)) {
      ++next;
    }
    if (next == op.params.size()) {
      const auto most = std::count_if(op.params.begin(), op.params.end(),
                                      [](const ParamDef& p) { return !p.keyword_only; });
      const bool list = std::any_of(op.params.begin(), op.params.end(), [](const ParamDef& p) {
        return !p.keyword_only && (p.kind == ParamKind::kDims || p.kind == ParamKind::kInts);
      });
      Error(argument,
            absl::StrCat(op.name, " takes at most ", most,
                         most == 1 ? " argument" : " arguments", " without a name"),
            list ? "more sizes or dimensions are written as a list: [2, 3]" : "");
      return std::nullopt;
    }
    if (op.params[next].kind == ParamKind::kTensors && ast_.Kind(argument) != AstKind::kList) {
      bound.tensors.push_back(argument);
    } else {
      bound.slots[next] = argument;
    }
  }

  Operands operands;
  std::vector<AstId> syntax;
  std::vector<NamedAttribute> attributes;
  const auto add_operand = [&](AstId argument) {
    Expr value = LowerExpr(argument);
    good = good && static_cast<bool>(value);
    operands.push_back(std::move(value));
    syntax.push_back(argument);
  };
  for (size_t i = 0; i < op.params.size(); ++i) {
    const ParamDef& param = op.params[i];
    const AstId argument = bound.slots[i];
    if (param.kind == ParamKind::kTensors) {
      if (argument != kNoAst && ast_.Kind(argument) == AstKind::kList) {
        for (AstId element : ast_.Children(argument)) add_operand(element);
      } else if (argument != kNoAst) {
        add_operand(argument);
      }
      for (AstId element : bound.tensors) add_operand(element);
    } else if (argument == kNoAst) {
      if (IsOperand(param.kind)) {
        operands.emplace_back();
        syntax.push_back(kNoAst);
      }
    } else if (param.kind == ParamKind::kOptionalTensor && ast_.Kind(argument) == AstKind::kNone) {
      operands.emplace_back();
      syntax.push_back(kNoAst);
    } else if (IsOperand(param.kind)) {
      add_operand(argument);
    } else {
      std::optional<AttributeValue> value =
          eval_.Attribute(argument, op, param, &sizes_, [&](absl::string_view name) -> GraphPtr {
            auto it = file_.graphs.find(name);
            return it == file_.graphs.end() ? nullptr : it->second.graph;
          });
      good = good && value.has_value();
      if (value) attributes.push_back({param.name, *std::move(value)});
    }
  }
  if (!good) return std::nullopt;
  if (op.id == Op::assume && operands[0]) {
    for (NamedAttribute& a : attributes) {
      // As in types, the words stand for all that follows from them.
      if (auto* s = std::get_if<Structure>(&a.value)) {
        *s = NormalizeStructure(*s, operands[0].dtype(), operands[0].shape());
      }
    }
  }
  std::optional<std::vector<Expr>> results =
      MakeAll(op, std::move(operands), std::move(attributes), id, syntax);
  if (results && op.Is(kDataDependent)) return CheckCount(*std::move(results), id);
  return results;
}

// A size that is data has one maker: a name for it is new, or is that of the same
// node (which may be there twice, on two devices).
std::optional<std::vector<Expr>> GraphLowering::CheckCount(std::vector<Expr> results, AstId id) {
  const Expr* made = &results[0];
  if (made->node().op().id == Op::on) made = &made->node().operands()[0];
  const Dim* count = made->node().attributes().Find<Dim>("count");
  const std::string name(count->symbol());
  if (name.empty() || IsFreshSize(name)) return results;
  const auto same_operand = [](const Expr& a, const Expr& b) {
    return a.node_ptr().get() == b.node_ptr().get() && a.result() == b.result();
  };
  const auto [earlier, is_new] = counts_.emplace(name, *made);
  const Node& first = earlier->second.node();
  const bool is_input_size = [&] {
    for (const CaptureRequest::Input& in : request_.inputs) {
      std::vector<std::string> names;
      for (const Dim& d : in.expr.shape().dims()) d.CollectSymbols(&names);
      if (std::find(names.begin(), names.end(), name) != names.end()) return true;
    }
    return false;
  }();
  const bool same =
      &first.op() == &made->node().op() && first.attributes() == made->node().attributes() &&
      std::equal(first.operands().begin(), first.operands().end(), made->node().operands().begin(),
                 made->node().operands().end(), same_operand);
  if (!is_input_size && (is_new || same)) return results;
  Error(id, absl::StrCat(name, " is a size already"),
        "how many there are is known only when the graph runs: give it a new name");
  return std::nullopt;
}

std::optional<std::vector<Expr>> GraphLowering::LowerGraphCall(const OpDef& op,
                                                               absl::string_view name, AstId id) {
  const auto found = file_.graphs.find(name);
  if (found == file_.graphs.end()) {
    if (!file_.failed.contains(name)) ReportUnknownOp(id);
    // Its own error is reported; what is wrong here may be only that.
    for (AstId argument : ast_.Children(id).subspan(1)) {
      LowerExpr(ast_.Kind(argument) == AstKind::kKeyword ? ast_.Children(argument)[1] : argument);
    }
    return std::nullopt;
  }
  const CallableGraph& callee = found->second;
  const Graph& graph = *callee.graph;
  const size_t num_inputs = graph.inputs().size();
  std::vector<AstId> slots(num_inputs, kNoAst);
  std::vector<absl::string_view> known;
  for (const GraphInput& in : graph.inputs()) known.push_back(in.name);
  bool good = true;
  size_t next = 0;
  for (AstId argument : ast_.Children(id).subspan(1)) {
    size_t slot = next++;
    AstId value = argument;
    if (ast_.Kind(argument) == AstKind::kKeyword) {
      const absl::Span<const AstId> parts = ast_.Children(argument);
      slot = std::find(known.begin(), known.end(), Text(parts[0])) - known.begin();
      value = parts[1];
      if (slot == num_inputs) {
        Error(parts[0], absl::StrCat(name, " has no input ", Text(parts[0])),
              DidYouMean(Text(parts[0]), known));
        good = false;
        continue;
      }
    }
    if (slot >= num_inputs) {
      Error(argument, absl::StrCat(name, " takes ", num_inputs, " arguments"));
      return std::nullopt;
    }
    if (slots[slot] != kNoAst) {
      Error(argument, absl::StrCat(name, ": ", known[slot], " is given twice"));
      good = false;
    }
    slots[slot] = value;
  }

  Operands operands(num_inputs);
  for (size_t i = 0; i < num_inputs; ++i) {
    if (slots[i] != kNoAst) {
      operands[i] = LowerExpr(slots[i]);
      good = good && static_cast<bool>(operands[i]);
    } else if (!graph.inputs()[i].default_value) {
      file_.sink.Add({Severity::kError,
                      Position(ast_.nodes[id].span),
                      absl::StrCat(name, " needs ", known[i], ", ",
                                   ShortType(graph.type(graph.inputs()[i].value))),
                      {{Position(callee.inputs[i]), "declared here"}},
                      ""});
      good = false;
    }
  }
  if (!good) return std::nullopt;
  nodes_ += callee.nodes;
  depth_ = std::max(depth_, callee.depth + 1);
  if (depth_ > kMaxCallDepth) {
    Error(id, absl::StrCat("graphs that call graphs, more than ", kMaxCallDepth, " deep"));
    depth_ = kMaxCallDepth;
    return std::nullopt;
  }

  // The callee's sizes, by the shapes of the arguments.
  absl::flat_hash_map<std::string, Dim> sizes;
  for (size_t i = 0; i < num_inputs; ++i) {
    if (!operands[i]) continue;
    const Shape& declared = graph.type(graph.inputs()[i].value).shape;
    const int rank = std::min(declared.rank(), operands[i].shape().rank());
    for (int d = 0; d < rank; ++d) {
      const absl::string_view symbol = declared[d].symbol();
      if (!symbol.empty()) sizes.try_emplace(std::string(symbol), operands[i].shape()[d]);
    }
  }
  const auto replace = [&](absl::string_view size) -> std::optional<Dim> {
    auto it = sizes.find(size);
    return it == sizes.end() ? std::optional<Dim>() : it->second;
  };
  const SourcePosition position = Position(ast_.nodes[id].span);
  for (size_t i = 0; i < num_inputs; ++i) {
    const GraphInput& in = graph.inputs()[i];
    const TensorType& declared = graph.type(in.value);
    if (!operands[i]) operands[i] = ApplyGraph(*in.default_value, {}, replace, position)[0];
    const AstId at = slots[i] == kNoAst ? id : slots[i];
    const TensorType& type = operands[i].type();
    if (type.weak && Category(type.dtype) <= Category(declared.dtype)) {
      operands[i] = Make("cast", {operands[i]}, {{"dtype", declared.dtype}}, at, {});
    }
    if (operands[i] && !declared.structure.IsGeneral() &&
        operands[i].type().rank() == declared.rank()) {
      operands[i] = Make("assume", {operands[i]}, {{"structure", declared.structure}}, at, {});
    }
    if (!operands[i]) return std::nullopt;
  }
  // The call is made in any case: it checks the types.
  std::optional<std::vector<Expr>> results =
      MakeAll(op, operands, {{"graph", callee.graph}}, id, slots);
  if (!results || !callee.written_out || ast_.Kind(id) != AstKind::kCall) return results;
  file_.written_out += graph.num_nodes();
  if (file_.written_out > kMaxWrittenOut) {
    Error(id, absl::StrCat("calls of graphs with random numbers or sizes that are data write out "
                           "more than ",
                           kMaxWrittenOut, " nodes"));
    return std::nullopt;
  }
  return ApplyGraph(graph, operands, replace, position);
}

// ------------------------------------------------------------------- forms

bool GraphLowering::FormArguments(AstId id, absl::Span<const absl::string_view> keywords,
                                  AstId* positional, std::vector<Form>* given) {
  const absl::string_view name = Text(ast_.Children(id)[0]);
  const absl::Span<const AstId> arguments = ast_.Children(id).subspan(1);
  if (arguments.empty() || ast_.Kind(arguments[0]) == AstKind::kKeyword) {
    Error(id, absl::StrCat(name, " needs an argument"));
    return false;
  }
  *positional = arguments[0];
  for (AstId argument : arguments.subspan(1)) {
    if (ast_.Kind(argument) != AstKind::kKeyword) {
      Error(argument, absl::StrCat(name, " takes one argument without a name"));
      return false;
    }
    const absl::Span<const AstId> parts = ast_.Children(argument);
    const absl::string_view keyword = Text(parts[0]);
    if (std::find(keywords.begin(), keywords.end(), keyword) == keywords.end()) {
      Error(parts[0], absl::StrCat(name, " has no parameter ", keyword),
            DidYouMean(keyword, keywords));
      return false;
    }
    given->push_back({keyword, parts[1]});
  }
  return true;
}

Expr GraphLowering::LowerTensor(AstId id) {
  AstId list;
  std::vector<Form> given;
  if (!FormArguments(id, {"dtype", "shape", "weak"}, &list, &given)) return Expr();
  std::optional<DType> dtype;
  std::optional<Ints> shape;
  bool weak = false;
  for (const Form& form : given) {
    if (form.name == "dtype") {
      dtype = eval_.DTypeOf(form.value);
      if (!dtype) return Expr();
    } else if (form.name == "shape") {
      shape = eval_.IntegerList(form.value, "shape");
      if (!shape) return Expr();
      if (shape->size() > kMaxRank) {
        Error(form.value, absl::StrCat("more than ", kMaxRank, " dimensions"));
        return Expr();
      }
    } else {
      weak = ast_.Kind(form.value) == AstKind::kTrue;
    }
  }
  std::optional<absl::Span<const int64_t>> sizes;
  if (shape) sizes = absl::MakeConstSpan(*shape);
  std::optional<Tensor> tensor = eval_.Constant(list, dtype, sizes);
  if (!tensor) return Expr();
  return Make("constant", {}, {{"value", *std::move(tensor)}, {"weak", weak}}, id, {});
}

Expr GraphLowering::LowerLoad(AstId id) {
  AstId name_at;
  std::vector<Form> given;
  if (!FormArguments(id, {}, &name_at, &given)) return Expr();
  if (ast_.Kind(name_at) != AstKind::kString) {
    Error(name_at, "load takes the name of a file, a string");
    return Expr();
  }
  if (!file_.options.load) {
    Error(id, "files cannot be loaded here");
    return Expr();
  }
  namespace fs = std::filesystem;
  const std::string name = UnescapeString(Text(name_at));
  const fs::path folder = fs::path(file_.file).parent_path();
  const fs::path path = folder / fs::path(name);
  if (absl::StrContains(name, absl::string_view("\0", 1)) || name.empty()) {
    Error(name_at, "this is no file name");
    return Expr();
  }
  if (!file_.options.load_anywhere) {
    // Compared with all links resolved, so that neither `..` nor a link leads out.
    std::error_code error;
    const fs::path root = fs::weakly_canonical(folder.empty() ? "." : folder, error);
    // Absolute first: a relative path whose first part is missing stays relative.
    const fs::path target =
        error ? fs::path() : fs::weakly_canonical(fs::absolute(path, error), error);
    const bool inside =
        !error &&
        std::mismatch(root.begin(), root.end(), target.begin(), target.end()).first == root.end();
    if (!inside) {
      Error(name_at, "this file is outside the folder of the graph file",
            "move it there, or allow it (ParseOptions::load_anywhere)");
      return Expr();
    }
  }
  auto loaded = file_.loaded.find(path.string());
  if (loaded == file_.loaded.end()) {
    absl::StatusOr<Tensor> tensor = file_.options.load(path.string());
    if (!tensor.ok()) {
      Error(name_at, std::string(tensor.status().message()));
      return Expr();
    }
    loaded = file_.loaded.emplace(path.string(), *std::move(tensor)).first;
  }
  return Make("constant", {}, {{"value", loaded->second}}, id, {});
}

}  // namespace otium

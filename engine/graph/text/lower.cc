// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/text/lower.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/graph/schema.h"
#include "engine/graph/substitute.h"
#include "engine/graph/text/lowering.h"
#include "engine/graph/text/parser.h"

namespace otium {

bool ParseResult::ok() const {
  return std::none_of(diagnostics.begin(), diagnostics.end(),
                      [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

ParseResult ParseGraphFile(absl::string_view text, absl::string_view file_name,
                           const ParseOptions& options) {
  ParseResult result;
  DiagnosticSink sink(options.max_errors);
  const char* file = InternFileName(file_name);
  const int64_t limit = std::min<int64_t>(options.max_bytes, int64_t{1} << 31);
  if (static_cast<int64_t>(text.size()) > limit) {
    sink.Error({file, 1, 1, 0},
               absl::StrCat("the file has ", text.size(), " bytes; ", limit, " are the most"));
    result.diagnostics = sink.Take();
    return result;
  }
  const Ast ast = ParseSyntax(text, file, &sink);
  FileLowering lowering{ast, file, options, sink, {}, {}, {}, 0};
  absl::flat_hash_map<absl::string_view, const AstGraph*> defined;
  for (const AstGraph& graph : ast.graphs) {
    if (sink.full()) break;
    const std::string name(ast.Text(graph.name));
    const auto [earlier, is_new] = defined.emplace(ast.Text(graph.name), &graph);
    if (!is_new) {
      sink.Add({Severity::kError,
                PositionOf(graph.name, text, file),
                absl::StrCat("two graphs are called ", name),
                {{PositionOf(earlier->second->name, text, file), "the first is here"}},
                "give one of them another name"});
    }
    GraphLowering one(&lowering, graph);
    std::optional<Function> function = one.Run();
    if (!function.has_value() || !is_new) {
      lowering.failed.insert(name);
      continue;
    }
    lowering.graphs.emplace(name, one.Callable(*function));
    result.graphs.push_back(*std::move(function));
  }
  result.diagnostics = sink.Take();
  return result;
}

GraphLowering::GraphLowering(FileLowering* file, const AstGraph& graph)
    : file_(*file),
      ast_(file->ast),
      graph_(graph),
      eval_(file->ast, file->file, &file->sink),
      errors_before_(file->sink.num_errors()) {
  request_.name = std::string(ast_.Text(graph.name));
  eval_.set_is_value([this](absl::string_view name) { return names_.contains(name); });
}

std::optional<Function> GraphLowering::Run() {
  LowerInputs();
  for (uint32_t i = 0; i < graph_.count && !file_.sink.full(); ++i) {
    LowerStatement(ast_.statements[graph_.begin + i]);
  }
  absl::flat_hash_set<absl::string_view> names;
  for (const Span& result : graph_.results) {
    const absl::string_view name = ast_.Text(result);
    auto it = names_.find(name);
    if (it == names_.end()) {
      if (graph_.has_errors) continue;
      std::vector<absl::string_view> known;
      for (const Value& v : values_) known.push_back(ast_.Text(v.declared));
      file_.sink.Error(Position(result), absl::StrCat("the result ", name, " is never defined"),
                       DidYouMean(name, known));
      continue;
    }
    Value& value = values_[it->second];
    value.used = true;
    if (!names.insert(name).second) {
      file_.sink.Error(Position(result), absl::StrCat("two results are called ", name));
    }
    // Of a graph that failed, whose own error is reported.
    if (!value.expr) return std::nullopt;
    request_.outputs.emplace_back(name, value.expr);
  }
  if (graph_.has_errors || file_.sink.num_errors() > errors_before_) return std::nullopt;
  CheckUses();
  if (file_.sink.num_errors() > errors_before_) return std::nullopt;
  absl::StatusOr<Graph> captured = Capture(request_);
  if (!captured.ok()) {
    SourcePosition position = PositionOf(captured.status());
    if (!position.known()) position = Position(graph_.name);
    file_.sink.Error(position, NameSizes(captured.status().message()));
    return std::nullopt;
  }
  return Function(*std::move(captured));
}

CallableGraph GraphLowering::Callable(const Function& function) const {
  CallableGraph callable;
  callable.graph = function.graph_ptr();
  for (const AstParam& param : graph_.params) callable.inputs.push_back(param.name);
  callable.depth = depth_;
  callable.nodes = nodes_;
  const Graph& graph = function.graph();
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    if (graph.op(n).Is(kRandomOp)) callable.written_out = true;
  }
  const std::vector<std::string> bound = graph.SizeNames();
  for (const GraphOutput& out : graph.outputs()) {
    std::vector<std::string> mentioned;
    for (const Dim& d : graph.type(out.value).shape.dims()) d.CollectSymbols(&mentioned);
    for (const std::string& name : mentioned) {
      if (std::find(bound.begin(), bound.end(), name) == bound.end()) callable.written_out = true;
    }
  }
  return callable;
}

// Types first: a default may mention every size.
void GraphLowering::LowerInputs() {
  std::vector<std::pair<const AstParam*, TensorType>> typed;
  for (const AstParam& param : graph_.params) {
    const std::string name(ast_.Text(param.name));
    if (param.type == kNoType) continue;  // The header ended there, with an error.
    std::optional<TensorType> type = eval_.InputType(ast_.types[param.type], name, &sizes_);
    if (!type) {
      typed.emplace_back(&param, TensorType());
      typed.back().first = nullptr;
      Define(param.name, Expr(), /*is_input=*/true);
      continue;
    }
    typed.emplace_back(&param, *std::move(type));
  }
  // Names are not defined yet: a default cannot use them.
  std::vector<Expr> defaults;
  for (const auto& [param, type] : typed) {
    Expr value;
    if (param != nullptr && param->default_value != kNoAst) {
      const AstId at = param->default_value;
      value = LowerExpr(at);
      const std::string name(ast_.Text(param->name));
      if (value && !(value.shape() == type.shape)) {
        Error(at, absl::StrCat("the default of ", name, " is ", ShortType(value.type()), ", not ",
                               ShortType(type)));
        value = Expr();
      } else if (value && (value.type().weak ? Category(value.dtype()) > Category(type.dtype)
                                             : value.dtype() != type.dtype)) {
        Error(at,
              absl::StrCat("the default of ", name, " is ", DTypeName(value.dtype()), ", not ",
                           DTypeName(type.dtype)),
              absl::StrCat("write cast(", Text(at), ", ", DTypeName(type.dtype), ")"));
        value = Expr();
      }
    }
    defaults.push_back(std::move(value));
  }
  for (size_t i = 0; i < typed.size(); ++i) {
    auto& [param, type] = typed[i];
    if (param == nullptr) continue;
    const std::string name(ast_.Text(param->name));
    const AstType& syntax = ast_.types[param->type];
    Expr input = InputExpr(name, type, Position(param->name));
    if (!type.structure.IsGeneral()) {
      // Whether the words fit the shape is the rule of assume.
      const auto assumed = MakeNode(GetOp(Op::assume), {input}, {{"structure", type.structure}},
                                    Position(syntax.span));
      if (assumed->error() != nullptr) {
        absl::string_view message = assumed->error()->message();
        absl::ConsumePrefix(&message, "assume: x");
        file_.sink.Error(Position(syntax.span), absl::StrCat(name, message));
        Define(param->name, Expr(), /*is_input=*/true);
        continue;
      }
    }
    TensorType normal = type;
    normal.structure = NormalizeStructure(type.structure, type.dtype, type.shape);
    input = InputExpr(name, normal, Position(param->name));
    Define(param->name, input, /*is_input=*/true);
    request_.inputs.push_back({input, std::move(defaults[i])});
    if (sizes_.Find(name) != nullptr) {
      file_.sink.Warning(Position(param->name),
                         absl::StrCat(name,
                                      " is an input and also a size; in shapes and where a "
                                      "size is wanted it means the size"));
    }
  }
}

void GraphLowering::Define(const Span& name, Expr value, bool is_input) {
  const absl::string_view text = ast_.Text(name);
  const auto [it, is_new] = names_.emplace(text, static_cast<uint32_t>(values_.size()));
  if (!is_new) {
    file_.sink.Add({Severity::kError,
                    Position(name),
                    absl::StrCat(text, " is defined twice"),
                    {{Position(values_[it->second].declared), "the first is here"}},
                    "names are given once; use another one"});
    return;
  }
  values_.push_back({std::move(value), name, is_input, /*used=*/false});
}

void GraphLowering::LowerStatement(const AstStatement& statement) {
  const absl::Span<const AstTarget> targets =
      absl::MakeConstSpan(ast_.targets).subspan(statement.begin, statement.count);
  const AstId at = statement.value;
  std::vector<Expr> results;
  statement_value_ = at;
  if (at != kNoAst) {
    device_ = std::string(ast_.Text(statement.device));
    device_.erase(std::remove(device_.begin(), device_.end(), ' '), device_.end());
    if (!device_.empty() && !DeviceFromString(device_).has_value()) {
      file_.sink.Error(Position(statement.device), absl::StrCat("there is no device ", device_),
                       "devices are cpu, cuda and cuda:N");
      device_.clear();
    }
    const AstKind kind = ast_.Kind(at);
    if ((kind == AstKind::kCall && !IsNumberLiteral(ast_, at)) || kind == AstKind::kScopeCall ||
        kind == AstKind::kFusedCall) {
      std::optional<std::vector<Expr>> all = LowerCall(at);
      if (all) results = *std::move(all);
    } else if (Expr value = LowerExpr(at)) {
      results.push_back(std::move(value));
    }
    device_.clear();
    if (!results.empty() && results.size() != targets.size()) {
      std::string names;
      const OpDef& op = results[0].node().op();
      for (absl::string_view name : op.result_names) {
        absl::StrAppend(&names, names.empty() ? " (" : ", ", name);
      }
      if (!names.empty()) names += ")";
      const auto plural = [](size_t n) { return n == 1 ? "" : "s"; };
      Error(at,
            absl::StrCat("this has ", results.size(), " result", plural(results.size()), names,
                         ", for ", targets.size(), " name", plural(targets.size())),
            results.size() > targets.size() ? "write _ for those that are not needed" : "");
      results.clear();
    }
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    Expr value = results.empty() ? Expr() : results[i];
    if (value && targets[i].type != kNoType) value = CheckTarget(targets[i], value, at);
    if (value) request_.order.push_back(value);
    const absl::string_view name = ast_.Text(targets[i].name);
    if (name == "_") continue;
    if (value) request_.value_names.emplace_back(name, value);
    Define(targets[i].name, std::move(value), /*is_input=*/false);
  }
}

// The type of a target is an assertion. A weak value takes the dtype it says;
// structure that is not known is assumed, and checked when the graph runs.
Expr GraphLowering::CheckTarget(const AstTarget& target, Expr value, AstId at) {
  const AstType& syntax = ast_.types[target.type];
  const std::optional<Evaluator::Words> words = eval_.TypeWords(syntax);
  const std::string name(ast_.Text(target.name));
  if (!words || !CheckShape(syntax, value, name)) return Expr();
  const auto fail = [&](absl::string_view what, std::string help = "") {
    file_.sink.Error(Position(syntax.span),
                     NameSizes(absl::StrCat(name, " is ", value.type().weak ? "weak " : "",
                                            value.type().ToString(), ", not ", what)),
                     std::move(help));
    return Expr();
  };
  const TensorType& type = value.type();
  if (words->weak && !type.weak) return fail("weak");
  if (words->layout != type.layout) return fail("of this layout");
  if (type.weak && !words->weak && Category(words->dtype) >= Category(type.dtype)) {
    value = Make("cast", {value}, {{"dtype", words->dtype}}, at, {});
    if (!value) return value;
  } else if (type.dtype != words->dtype) {
    return fail(DTypeName(words->dtype),
                absl::StrCat("to convert it, write cast(..., ", DTypeName(words->dtype), ")"));
  }
  if (words->structure.IsGeneral()) return value;
  const Structure structure = NormalizeStructure(words->structure, value.dtype(), value.shape());
  const auto assumed = MakeNode(GetOp(Op::assume), {value}, {{"structure", words->structure}},
                                Position(syntax.span));
  if (assumed->error() != nullptr) {
    absl::string_view message = assumed->error()->message();
    absl::ConsumePrefix(&message, "assume: x");
    file_.sink.Error(Position(syntax.span), NameSizes(absl::StrCat(name, message)));
    return Expr();
  }
  return Make("assume", {value}, {{"structure", structure}}, at, {});
}

bool GraphLowering::CheckShape(const AstType& type, const Expr& value, const std::string& name) {
  const Shape& shape = value.shape();
  const absl::Span<const AstId> dims = ast_.Dims(type);
  if (static_cast<int>(dims.size()) != shape.rank()) {
    file_.sink.Error(Position(type.span),
                     NameSizes(absl::StrCat(name, " is ", ShortType(value.type()), ", which has ",
                                            shape.rank(), " dimensions, not ", dims.size())));
    return false;
  }
  for (size_t i = 0; i < dims.size(); ++i) {
    const Dim& actual = shape[static_cast<int>(i)];
    const absl::string_view text = Text(dims[i]);
    const absl::string_view symbol = actual.symbol();
    if (ast_.Kind(dims[i]) == AstKind::kName && sizes_.Find(text) == nullptr &&
        IsFreshSize(symbol)) {
      // A new name for a size that is data.
      for (const auto& [fresh, named] : request_.size_names) {
        if (fresh != symbol) continue;
        Error(dims[i], absl::StrCat("this size is called ", named, " already"));
        return false;
      }
      sizes_.Define(text, actual);
      request_.size_names.emplace_back(symbol, text);
      continue;
    }
    const std::optional<Dim> declared = eval_.Size(dims[i], &sizes_);
    if (!declared) return false;
    if (!(*declared == actual)) {
      file_.sink.Error(
          Position(type.span),
          NameSizes(absl::StrCat(name, " is ", ShortType(value.type()), ": ", actual.ToString(),
                                 " is not ", declared->ToString())));
      return false;
    }
  }
  return true;
}

void GraphLowering::CheckUses() {
  for (const Value& value : values_) {
    if (value.used) continue;
    const absl::string_view name = ast_.Text(value.declared);
    if (value.is_input) {
      file_.sink.Warning(Position(value.declared),
                         absl::StrCat("the input ", name, " is never used"));
    } else {
      file_.sink.Error(Position(value.declared), absl::StrCat(name, " is never used"),
                       "remove the statement, or write _ for a result that is not needed");
    }
  }
}

std::string GraphLowering::NameSizes(absl::string_view message) const {
  std::string named;
  for (size_t i = 0; i < message.size(); ++i) {
    if (message[i] != '?' || i + 1 == message.size() || !absl::ascii_isdigit(message[i + 1])) {
      named += message[i];
      continue;
    }
    size_t end = i + 1;
    while (end < message.size() && absl::ascii_isdigit(message[end])) ++end;
    std::string name = "?";
    for (const auto& [fresh, given] : request_.size_names) {
      if (fresh == message.substr(i, end - i)) name = given;
    }
    named += name;
    i = end - 1;
  }
  return named;
}

}  // namespace otium

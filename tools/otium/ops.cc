// SPDX-License-Identifier: Apache-2.0
//
// otium ops: every op, from its OpDef, what the planner makes it of, and the kernels that
// backends have for it.

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "backends/backends.h"
#include "engine/base/status.h"
#include "engine/graph/text/diagnostics.h"
#include "engine/optimize/decompositions.h"
#include "nlohmann/json.hpp"
#include "ops/op.h"
#include "tools/otium/commands.h"
#include "tools/otium/op_types.h"

namespace otium::cli {
namespace {

absl::string_view KindName(ParamKind kind) {
  switch (kind) {
    case ParamKind::kTensor: return "tensor";
    case ParamKind::kOptionalTensor: return "optional tensor";
    case ParamKind::kTensors: return "tensors";
    case ParamKind::kBool: return "bool";
    case ParamKind::kInt: return "integer";
    case ParamKind::kFloat: return "number";
    case ParamKind::kNumber: return "number or size";
    case ParamKind::kOrder: return "number or string";
    case ParamKind::kPairing: return "integer or two lists of integers";
    case ParamKind::kString: return "string";
    case ParamKind::kDType: return "dtype";
    case ParamKind::kDim: return "size";
    case ParamKind::kDims: return "sizes";
    case ParamKind::kInts: return "integers";
    case ParamKind::kConstant: return "constant";
    case ParamKind::kGraph: return "graph";
    case ParamKind::kStructure: return "structure";
  }
  return "";
}

// Empty when the parameter has no default.
std::string DefaultText(const ParamDef& param) {
  const ParamDefault& d = param.default_value;
  switch (d.kind) {
    case ParamDefault::kRequired: return param.kind == ParamKind::kOptionalTensor ? "none" : "";
    case ParamDefault::kNone: return "none";
    case ParamDefault::kBool: return d.integer != 0 ? "true" : "false";
    case ParamDefault::kInt: return absl::StrCat(d.integer);
    case ParamDefault::kFloat: return absl::StrCat(d.real);
    case ParamDefault::kString: return absl::StrCat("\"", d.string, "\"");
  }
  return "";
}

// "addmv(input, A, x, beta=none, alpha=none)"; what stands after * is given by
// name only.
std::string SignatureText(const OpDef& op) {
  std::string text = absl::StrCat(op.name, "(");
  bool keyword_only = false;
  for (const ParamDef& p : op.params) {
    if (&p != op.params.data()) absl::StrAppend(&text, ", ");
    if (p.keyword_only && !keyword_only) absl::StrAppend(&text, "*, ");
    keyword_only = keyword_only || p.keyword_only;
    const std::string value = DefaultText(p);
    absl::StrAppend(&text, p.kind == ParamKind::kTensors ? "..." : "", p.name,
                    value.empty() ? "" : "=", value);
  }
  absl::StrAppend(&text, ")");
  if (!op.result_names.empty()) {
    absl::StrAppend(&text, " -> ", absl::StrJoin(op.result_names, ", "));
  }
  return text;
}

std::vector<std::string> Traits(const OpDef& op) {
  static constexpr std::pair<OpTrait, const char*> kNames[] = {{kPointwiseOp, "pointwise"},
                                                               {kReductionOp, "reduction"},
                                                               {kViewOp, "view"},
                                                               {kRandomOp, "random"},
                                                               {kCreationOp, "creation"},
                                                               {kZeroPreserving, "zero-preserving"},
                                                               {kCommutative, "commutative"},
                                                               {kFallible, "can fail on data"},
                                                               {kDataDependent, "size is data"}};
  std::vector<std::string> names;
  for (const auto& [trait, name] : kNames) {
    if (op.Is(trait)) names.emplace_back(name);
  }
  return names;
}

struct DeviceKernels {
  std::string device;
  std::string backend;
  uint32_t dtypes = 0;
  std::vector<std::string> kernels;
};

std::vector<DeviceKernels> KernelsOf(Op op) {
  std::vector<DeviceKernels> list;
  for (const Backend* backend : DefaultBackends()) {
    DeviceKernels d{DeviceToString(backend->device()), std::string(backend->name()), 0, {}};
    for (const Kernel& k : backend->kernels()) {
      if (k.op != op) continue;
      d.dtypes |= k.dtypes;
      d.kernels.emplace_back(k.name);
    }
    if (!d.kernels.empty()) list.push_back(std::move(d));
  }
  return list;
}

std::string FirstSentence(absl::string_view doc) {
  size_t end = doc.find(". ");
  while (end != absl::string_view::npos && end > 0 && doc[end - 1] == '.') {
    end = doc.find(". ", end + 1);  // The third of three dots ends nothing.
  }
  return std::string(absl::StripSuffix(doc.substr(0, end), "."));
}

// Of the next operand, if the parameter is one; 0 when nothing is known.
uint32_t DTypesOf(const ParamDef& param, const OpTypes& types, size_t* operand) {
  if (!IsOperand(param.kind)) return 0;
  const size_t i = (*operand)++;
  return i < types.operands.size() ? types.operands[i] : 0;
}

Json OpToJson(const OpDef& op) {
  Json params = Json::array(), kernels = Json::array(), types = Json::array();
  const OpTypes op_types = FindOpTypes(op);
  size_t operand = 0;
  for (const ParamDef& p : op.params) {
    const std::string value = DefaultText(p);
    const uint32_t dtypes = DTypesOf(p, op_types, &operand);
    params.push_back({{"name", std::string(p.name)},
                      {"kind", std::string(KindName(p.kind))},
                      {"operand", IsOperand(p.kind)},
                      {"default", value.empty() ? Json(nullptr) : Json(value)},
                      {"keyword_only", p.keyword_only},
                      {"dtypes", dtypes == 0 ? Json(nullptr) : Json(DTypeNames(dtypes))}});
  }
  for (const OpTypes::Row& row : op_types.rows) {
    types.push_back({{"operands", DTypeNames(row.operands)}, {"results", row.results}});
  }
  for (const DeviceKernels& d : KernelsOf(op.id)) {
    kernels.push_back({{"device", d.device},
                       {"backend", d.backend},
                       {"dtypes", DTypeNames(d.dtypes)},
                       {"kernels", d.kernels}});
  }
  Json rules = Json::array();
  for (const Rule* rule : DecompositionsOf(op.id)) {
    rules.push_back({{"rule", std::string(rule->name)},
                     {"formula", std::string(rule->formula)},
                     {"condition", std::string(rule->condition)}});
  }
  std::vector<std::string> results(op.result_names.begin(), op.result_names.end());
  return {{"name", std::string(op.name)},  {"signature", SignatureText(op)},
          {"doc", std::string(op.doc)},    {"params", std::move(params)},
          {"num_results", op.num_results}, {"result_names", std::move(results)},
          {"types", std::move(types)},     {"traits", Traits(op)},
          {"made_of", std::move(rules)},   {"backends", std::move(kernels)}};
}

// The words that a parameter takes, and what they mean.
void AppendStructureWords(const OpDef& op, std::string* text) {
  const bool takes = std::any_of(op.params.begin(), op.params.end(),
                                 [](const ParamDef& p) { return p.kind == ParamKind::kStructure; });
  if (!takes) return;
  absl::StrAppend(text, "\n");
  for (absl::string_view word : StructureWords()) {
    absl::StrAppendFormat(text, "  %-14s %s\n", word, StructureWordMeaning(word));
  }
  absl::StrAppendFormat(text, "  %-14s %s\n", "banded(kl, ku)",
                        "zeros but on the diagonal, kl below it and ku above");
}

void PrintOp(Session& session, const OpDef& op) {
  std::string text = absl::StrCat(SignatureText(op), "\n\n", op.doc, "\n");
  if (!op.params.empty()) absl::StrAppend(&text, "\n");
  const OpTypes types = FindOpTypes(op);
  size_t operand = 0;
  for (const ParamDef& p : op.params) {
    const std::string value = DefaultText(p);
    const uint32_t dtypes = DTypesOf(p, types, &operand);
    absl::StrAppendFormat(&text, "  %-14s %s%s%s%s%s\n", p.name, KindName(p.kind),
                          value.empty() ? "" : ", default ", value, dtypes == 0 ? "" : ": ",
                          dtypes == 0 ? "" : DTypesText(dtypes));
  }
  AppendStructureWords(op, &text);
  if (!types.rows.empty()) text += "\n";
  for (const OpTypes::Row& row : types.rows) {
    absl::StrAppendFormat(&text, "  %s -> %s\n", DTypesText(row.operands),
                          absl::StrJoin(row.results, ", "));
  }
  const std::vector<std::string> traits = Traits(op);
  if (!traits.empty()) absl::StrAppend(&text, "\n", absl::StrJoin(traits, ", "), "\n");
  const std::vector<const Rule*> rules = DecompositionsOf(op.id);
  if (!rules.empty()) text += "\nmade of others:\n";
  for (const Rule* rule : rules) {
    absl::StrAppendFormat(&text, "  %s: %s\n", rule->formula, rule->condition);
  }
  text += "\n";
  for (const DeviceKernels& d : KernelsOf(op.id)) {
    absl::StrAppendFormat(&text, "  %-5s %-10s %s: %s\n", d.device, d.backend,
                          absl::StrJoin(DTypeNames(d.dtypes), " "), absl::StrJoin(d.kernels, ", "));
  }
  session.Print(text);
}

}  // namespace

absl::Status OpsCommand(Session& session) {
  const std::string& name = session.options().file;
  std::vector<const OpDef*> ops;
  if (name.empty()) {
    ops.assign(AllOps().begin(), AllOps().end());
  } else {
    const OpDef* op = FindOp(name);
    if (op == nullptr) {
      std::vector<absl::string_view> names;
      for (const OpDef* known : AllOps()) names.push_back(known->name);
      const absl::string_view closest = ClosestName(name, names);
      return Fail(
          Exit::kUsage, absl::StrCat("there is no op ", name),
          closest.empty() ? "otium ops lists them" : absl::StrCat("did you mean ", closest, "?"));
    }
    ops.push_back(op);
  }
  if (session.options().json) {
    Json list = Json::array();
    for (const OpDef* op : ops) list.push_back(OpToJson(*op));
    session.document()["ops"] = std::move(list);
    return absl::OkStatus();
  }
  if (!name.empty()) {
    PrintOp(session, *ops[0]);
    return absl::OkStatus();
  }
  for (const OpDef* op : ops) {
    session.Print(absl::StrFormat("%-14s %s\n", op->name, FirstSentence(op->doc)));
  }
  return absl::OkStatus();
}

}  // namespace otium::cli

// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/text/evaluate.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/graph/text/parser.h"

namespace otium {
namespace {

std::vector<absl::string_view> DTypeNames() {
  std::vector<absl::string_view> names;
  for (int i = 0; i < kNumDTypes; ++i) names.push_back(DTypeName(static_cast<DType>(i)));
  return names;
}

std::string DTypeHelp(absl::string_view wrong) {
  const std::vector<absl::string_view> names = DTypeNames();
  // What it is called elsewhere.
  static constexpr std::pair<absl::string_view, absl::string_view> kOther[] = {
      {"float", "f32"},    {"double", "f64"},  {"half", "f16"},      {"bfloat16", "bf16"},
      {"float16", "f16"},  {"float32", "f32"}, {"float64", "f64"},   {"int", "i64"},
      {"int32", "i32"},    {"int64", "i64"},   {"complex64", "c64"}, {"complex128", "c128"},
      {"complex", "c128"}, {"long", "i64"}};
  for (const auto& [other, ours] : kOther) {
    if (wrong == other) return absl::StrCat("did you mean ", ours, "?");
  }
  std::string help = DidYouMean(wrong, names);
  if (!help.empty()) return help;
  help = "dtypes are";
  for (absl::string_view name : names) absl::StrAppend(&help, " ", name);
  return help;
}

absl::string_view SizeOperator(AstKind kind) {
  switch (kind) {
    case AstKind::kDiv: return "/";
    case AstKind::kMatmul: return "@";
    case AstKind::kPower: return "**";
    default: return "";
  }
}

}  // namespace

std::optional<Dim> Evaluator::Size(AstId id, SizeScope* sizes, Names names) {
  return SizeAt(id, 0, sizes, names);
}

std::optional<Dim> Evaluator::SizeAt(AstId id, int depth, SizeScope* sizes, Names names) {
  if (depth > kMaxNesting) {
    Error(id, "this size is too long");
    return std::nullopt;
  }
  const AstKind kind = ast_.Kind(id);
  const absl::Span<const AstId> children = ast_.Children(id);
  std::optional<Dim> result;
  switch (kind) {
    case AstKind::kInteger: {
      const std::optional<NumberLiteral> number = Number(id);
      if (!number) return std::nullopt;
      result = Dim(std::min(number->integer, kDimLimit));
      break;
    }
    case AstKind::kName: return SizeName(id, sizes, names);
    case AstKind::kNegate: {
      const std::optional<Dim> x = SizeAt(children[0], depth + 1, sizes, names);
      if (!x) return std::nullopt;
      result = Dim(0) - *x;
      break;
    }
    case AstKind::kAdd:
    case AstKind::kSub:
    case AstKind::kMul:
    case AstKind::kFloorDiv: {
      const std::optional<Dim> a = SizeAt(children[0], depth + 1, sizes, names);
      if (!a) return std::nullopt;
      const std::optional<Dim> b = SizeAt(children[1], depth + 1, sizes, names);
      if (!b) return std::nullopt;
      if (kind == AstKind::kFloorDiv && b->Is(0)) {
        Error(id, "a size divided by 0");
        return std::nullopt;
      }
      result = kind == AstKind::kAdd   ? *a + *b
               : kind == AstKind::kSub ? *a - *b
               : kind == AstKind::kMul ? *a * *b
                                       : Dim::FloorDiv(*a, *b);
      break;
    }
    case AstKind::kCall: {
      const absl::string_view name = ast_.Text(children[0]);
      if ((name == "min" || name == "max") && children.size() == 3) {
        const std::optional<Dim> a = SizeAt(children[1], depth + 1, sizes, names);
        if (!a) return std::nullopt;
        const std::optional<Dim> b = SizeAt(children[2], depth + 1, sizes, names);
        if (!b) return std::nullopt;
        result = name == "min" ? Dim::Min(*a, *b) : Dim::Max(*a, *b);
        break;
      }
      Error(id, "a size is arithmetic of integers and size names",
            "of functions, min(a, b) and max(a, b)");
      return std::nullopt;
    }
    default: {
      const absl::string_view op = SizeOperator(kind);
      Error(id, op.empty() ? "expected a size" : absl::StrCat("sizes have no '", op, "'"),
            kind == AstKind::kDiv
                ? "integer division is written //"
                : "a size is arithmetic of integers and size names: n, 2*k, n - 1");
      return std::nullopt;
    }
  }
  if (result->IsStatic() && (result->value() >= kDimLimit || result->value() <= -kDimLimit)) {
    Error(id, "this size is too large");
    return std::nullopt;
  }
  return result;
}

std::optional<Dim> Evaluator::SizeName(AstId id, SizeScope* sizes, Names names) {
  const absl::string_view name = ast_.Text(id);
  if (const Dim* size = sizes->Find(name)) return *size;
  if (names == Names::kDefine && !IsReservedWord(name)) {
    sizes->Define(name, Dim::Symbol(name));
    return Dim::Symbol(name);
  }
  if (is_value_ && is_value_(name)) {
    Error(id, absl::StrCat(name, " is a value, not a size"),
          "sizes are integers and the names in the shapes of the inputs");
  } else {
    std::string help = DidYouMean(name, sizes->names());
    if (help.empty()) help = "a size is a name in the shape of an input";
    Error(id, absl::StrCat("unknown size ", name), std::move(help));
  }
  return std::nullopt;
}

std::optional<int64_t> Evaluator::Integer(AstId id, absl::string_view what) {
  const std::optional<NumberLiteral> number =
      IsNumberLiteral(ast_, id) ? Number(id) : std::optional<NumberLiteral>();
  if (number && number->kind == NumberLiteral::kInteger) return number->integer;
  if (number || !IsNumberLiteral(ast_, id)) Error(id, absl::StrCat(what, " must be an integer"));
  return std::nullopt;
}

std::optional<Ints> Evaluator::IntegerList(AstId id, absl::string_view what) {
  Ints ints;
  if (ast_.Kind(id) != AstKind::kList) {
    if (!IsNumberLiteral(ast_, id)) {
      Error(id, absl::StrCat(what, " must be a list of integers"));
      return std::nullopt;
    }
    const std::optional<int64_t> value = Integer(id, what);
    if (!value) return std::nullopt;
    ints.push_back(*value);
    return ints;
  }
  for (AstId child : ast_.Children(id)) {
    const std::optional<int64_t> value = Integer(child, absl::StrCat("an element of ", what));
    if (!value) return std::nullopt;
    ints.push_back(*value);
  }
  return ints;
}

std::optional<NumberLiteral> Evaluator::Number(AstId id) {
  return ParseNumber(ast_, id, [this](AstId at, std::string message, std::string help) {
    Error(at, std::move(message), std::move(help));
  });
}

std::optional<Tensor> Evaluator::Constant(AstId id, std::optional<DType> dtype,
                                          std::optional<absl::Span<const int64_t>> shape) {
  return ParseTensor(ast_, id, dtype, shape,
                     [this](AstId at, std::string message, std::string help) {
                       Error(at, std::move(message), std::move(help));
                     });
}

std::optional<DType> Evaluator::DTypeOf(AstId id) {
  const absl::string_view name = ast_.Text(id);
  std::optional<DType> dtype;
  if (ast_.Kind(id) == AstKind::kName) dtype = DTypeFromName(name);
  if (!dtype) {
    Error(id,
          ast_.Kind(id) == AstKind::kName ? absl::StrCat("there is no dtype ", name)
                                          : "expected a dtype",
          DTypeHelp(ast_.Kind(id) == AstKind::kName ? name : ""));
  }
  return dtype;
}

// ------------------------------------------------------------------- types

bool Evaluator::AddWord(AstId id, Words* words) {
  const bool call = ast_.Kind(id) == AstKind::kCall;
  const absl::Span<const AstId> children = ast_.Children(id);
  const absl::string_view word = ast_.Text(call ? children[0] : id);
  const auto argument = [&](size_t i, int64_t* value) {
    if (children.size() != 3) {
      Error(id, absl::StrCat(word, " takes two integers"),
            word == "bsr" ? "the rows and columns of a block: bsr(2, 2)"
                          : "how far it reaches below and above the diagonal: banded(1, 2)");
      return false;
    }
    if (word == "banded" && ast_.Kind(children[i]) == AstKind::kInf) {
      *value = kFullBand;
      return true;
    }
    const std::optional<int64_t> integer = Integer(children[i], absl::StrCat("this of ", word));
    if (integer &&
        (*integer < (word == "bsr" ? 1 : 0) || *integer > std::numeric_limits<int32_t>::max())) {
      Error(children[i], absl::StrCat("out of range for ", word));
      return false;
    }
    if (integer) *value = *integer;
    return integer.has_value();
  };
  const auto set_layout = [&](Layout layout) {
    if (words->layout != Layout()) Error(id, "a type has one layout");
    const bool first = words->layout == Layout();
    words->layout = layout;
    return first;
  };
  if (word == "banded" || word == "bsr") {
    int64_t a = 0, b = 0;
    if (!argument(1, &a) || !argument(2, &b)) return false;
    if (word == "bsr") {
      return set_layout({LayoutKind::kBsr, static_cast<int32_t>(a), static_cast<int32_t>(b)});
    }
    words->structure = Join(words->structure, {a, b, 0});
    return true;
  }
  static constexpr std::pair<absl::string_view, LayoutKind> kLayouts[] = {
      {"coo", LayoutKind::kCoo}, {"csr", LayoutKind::kCsr}, {"csc", LayoutKind::kCsc}};
  if (!call) {
    if (word == "weak") {
      words->weak = true;
      return true;
    }
    for (const auto& [name, kind] : kLayouts) {
      if (word == name) return set_layout({kind, 0, 0});
    }
    if (AddStructureWord(word, &words->structure)) return true;
  }
  std::vector<absl::string_view> known(StructureWords().begin(), StructureWords().end());
  known.insert(known.end(), {"banded", "coo", "csr", "csc", "bsr"});
  Error(id, absl::StrCat("'", word, "' is no structure or layout"), DidYouMean(word, known));
  return false;
}

std::optional<Evaluator::Words> Evaluator::TypeWords(const AstType& type) {
  Words words;
  const absl::string_view name = ast_.Text(type.dtype);
  const std::optional<DType> dtype = DTypeFromName(name);
  if (!dtype) {
    sink_->Error(Position(type.dtype), absl::StrCat("there is no dtype ", name), DTypeHelp(name));
    return std::nullopt;
  }
  words.dtype = *dtype;
  for (AstId word : ast_.Words(type)) {
    if (!AddWord(word, &words)) return std::nullopt;
  }
  return words;
}

std::optional<TensorType> Evaluator::InputType(const AstType& ast_type, absl::string_view name,
                                               SizeScope* sizes) {
  const std::optional<Words> words = TypeWords(ast_type);
  if (!words) return std::nullopt;
  const auto fail = [&](std::string message) {
    sink_->Error(Position(ast_type.span), absl::StrCat(name, message));
    return std::nullopt;
  };
  if (words->weak) return fail(": an input cannot be weak");
  if (ast_type.num_dims > kMaxRank) {
    return fail(
        absl::StrCat(" has ", ast_type.num_dims, " dimensions; ", kMaxRank, " are the most"));
  }
  Dims dims;
  for (AstId dim : ast_.Dims(ast_type)) {
    std::optional<Dim> size = Size(dim, sizes, Names::kDefine);
    if (!size) return std::nullopt;
    if (size->IsStatic() && size->value() < 0) {
      Error(dim, "a negative size");
      return std::nullopt;
    }
    dims.push_back(*std::move(size));
  }
  TensorType type(words->dtype, Shape(absl::Span<const Dim>(dims)));
  type.layout = words->layout;
  type.structure = words->structure;
  return type;
}

// -------------------------------------------------------------- attributes

std::optional<AttributeValue> Evaluator::Attribute(
    AstId id, const OpDef& op, const ParamDef& param, SizeScope* sizes,
    absl::FunctionRef<GraphPtr(absl::string_view)> find_graph) {
  const AstKind kind = ast_.Kind(id);
  const auto wrong = [&](absl::string_view what) -> std::optional<AttributeValue> {
    Error(id, absl::StrCat(op.name, ": ", param.name, " must be ", what));
    return std::nullopt;
  };
  if (kind == AstKind::kNone) return AttributeValue();
  switch (param.kind) {
    case ParamKind::kBool:
      if (kind == AstKind::kTrue || kind == AstKind::kFalse) return kind == AstKind::kTrue;
      return wrong("true or false");
    case ParamKind::kInt: {
      if (!IsNumberLiteral(ast_, id)) return wrong("an integer");
      const std::optional<NumberLiteral> number = Number(id);
      if (!number) return std::nullopt;
      if (number->kind != NumberLiteral::kInteger) return wrong("an integer");
      return number->integer;
    }
    case ParamKind::kNumber: {
      // Arithmetic of sizes and integers is a size; anything else is a number.
      if (!IsNumberLiteral(ast_, id)) {
        std::optional<Dim> size = Size(id, sizes);
        return size ? std::optional<AttributeValue>(*std::move(size)) : std::nullopt;
      }
      const std::optional<NumberLiteral> number = Number(id);
      if (!number) return std::nullopt;
      if (number->kind == NumberLiteral::kComplex) return wrong("a real number");
      if (number->kind == NumberLiteral::kInteger) return Dim(number->integer);
      return number->real.f64;
    }
    case ParamKind::kOrder:
      if (kind == AstKind::kString) return UnescapeString(ast_.Text(id));
      [[fallthrough]];
    case ParamKind::kFloat: {
      if (!IsNumberLiteral(ast_, id)) return wrong("a number");
      const std::optional<NumberLiteral> number = Number(id);
      if (!number) return std::nullopt;
      if (number->kind == NumberLiteral::kComplex) return wrong("a real number");
      return number->real.f64;
    }
    case ParamKind::kString:
      if (kind != AstKind::kString) return wrong("a string");
      return UnescapeString(ast_.Text(id));
    case ParamKind::kDType: {
      const std::optional<DType> dtype = DTypeOf(id);
      return dtype ? std::optional<AttributeValue>(*dtype) : std::nullopt;
    }
    case ParamKind::kDim: {
      // The one place where a size is named that only a run knows.
      const bool defines = op.Is(kDataDependent) && param.name == "count" && kind == AstKind::kName;
      std::optional<Dim> size = Size(id, sizes, defines ? Names::kDefine : Names::kKnown);
      return size ? std::optional<AttributeValue>(*std::move(size)) : std::nullopt;
    }
    case ParamKind::kDims: {
      Dims dims;
      const absl::Span<const AstId> elements =
          kind == AstKind::kList ? ast_.Children(id) : absl::MakeConstSpan(&id, 1);
      for (AstId element : elements) {
        std::optional<Dim> size = Size(element, sizes);
        if (!size) return std::nullopt;
        dims.push_back(*std::move(size));
      }
      return dims;
    }
    case ParamKind::kInts: {
      std::optional<Ints> ints = IntegerList(id, param.name);
      return ints ? std::optional<AttributeValue>(*std::move(ints)) : std::nullopt;
    }
    case ParamKind::kPairing: {
      if (kind != AstKind::kList) {
        const std::optional<int64_t> value = Integer(id, param.name);
        return value ? std::optional<AttributeValue>(*value) : std::nullopt;
      }
      const absl::Span<const AstId> lists = ast_.Children(id);
      if (lists.size() != 2) return wrong("an integer or two lists of dimensions");
      std::optional<Ints> first = IntegerList(lists[0], absl::StrCat(param.name, "[0]"));
      const std::optional<Ints> second = IntegerList(lists[1], absl::StrCat(param.name, "[1]"));
      if (!first || !second) return std::nullopt;
      if (first->size() != second->size()) {
        return wrong(absl::StrCat("two lists of dimensions, equally long: there are ",
                                  first->size(), " and ", second->size()));
      }
      first->insert(first->end(), second->begin(), second->end());
      return *std::move(first);
    }
    case ParamKind::kConstant: {
      std::optional<Tensor> tensor = Constant(id, std::nullopt, std::nullopt);
      return tensor ? std::optional<AttributeValue>(*std::move(tensor)) : std::nullopt;
    }
    case ParamKind::kGraph: {
      GraphPtr graph = kind == AstKind::kName ? find_graph(ast_.Text(id)) : nullptr;
      if (!graph) return wrong("the name of an earlier graph");
      return AttributeValue(std::move(graph));
    }
    case ParamKind::kStructure: {
      Words words;
      if (kind != AstKind::kList) {
        if (!AddWord(id, &words)) return std::nullopt;
      } else {
        for (AstId word : ast_.Children(id)) {
          if (!AddWord(word, &words)) return std::nullopt;
        }
      }
      if (words.weak || words.layout != Layout()) return wrong("words of structure");
      return words.structure;
    }
    case ParamKind::kTensor:
    case ParamKind::kOptionalTensor:
    case ParamKind::kTensors: break;
  }
  __builtin_unreachable();
}

}  // namespace otium

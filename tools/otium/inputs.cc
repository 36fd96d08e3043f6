// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/inputs.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"
#include "engine/engine.h"
#include "engine/graph/status_notes.h"
#include "engine/graph/substitute.h"
#include "engine/graph/text/lower.h"
#include "engine/io/npz.h"
#include "engine/io/tensor_file.h"
#include "ops/ops.h"
#include "tools/otium/random_input.h"

namespace otium::cli {
namespace {

constexpr int64_t kAssumedSize = 1000;

// Made when sizes are known.
enum class Maker { kRandom, kZeros, kOnes, kEye, kPlaceholder };

std::optional<Maker> MakerOf(absl::string_view value) {
  if (value == "random") return Maker::kRandom;
  if (value == "zeros") return Maker::kZeros;
  if (value == "ones") return Maker::kOnes;
  if (value == "eye") return Maker::kEye;
  return std::nullopt;
}

bool LooksLikeLiteral(absl::string_view value) {
  if (value == "true" || value == "false" || value == "inf" || value == "nan") return true;
  const absl::string_view digits = absl::StripPrefix(absl::StripPrefix(value, "-"), "+");
  return !digits.empty() && (digits[0] == '[' || digits[0] == '.' || std::isdigit(digits[0]) != 0 ||
                             digits == "inf" || digits == "nan");
}

// What a message quotes of a value; some are whole matrices.
std::string Clipped(absl::string_view value) {
  constexpr size_t kMost = 60;
  return value.size() <= kMost ? std::string(value) : absl::StrCat(value.substr(0, kMost), "...");
}

// Whether every bracket is closed; what is not would run into the text around it.
bool AreBracketsClosed(absl::string_view value) {
  int open = 0;
  for (const char c : value) {
    if (c == '[' || c == '(') ++open;
    if ((c == ']' || c == ')') && --open < 0) return false;
  }
  return open == 0;
}

// Numbers are written as in a graph file, so its parser reads them.
absl::StatusOr<Tensor> ParseLiteral(absl::string_view name, absl::string_view value, DType dtype) {
  if (!AreBracketsClosed(value)) {
    return Fail(Exit::kBadInput,
                absl::StrCat(name, "=", Clipped(value), ": the brackets do not match"));
  }
  const std::string text = absl::StrCat("graph value() -> v {\n  v = tensor(", value,
                                        ", dtype=", DTypeName(dtype), ")\n}\n");
  const ParseResult parsed = ParseGraphFile(text, "<value>");
  if (!parsed.ok()) {
    const Diagnostic& first = parsed.diagnostics[0];
    return Fail(Exit::kBadInput, absl::StrCat(name, "=", Clipped(value), ": ", first.message),
                first.help);
  }
  const Graph& graph = parsed.graphs.back().graph();
  const NodeId n = graph.producer(graph.outputs()[0].value);
  if (!graph.Is(n, Op::constant)) {
    return Fail(Exit::kBadInput, absl::StrCat(name, "=", Clipped(value), ": not a number or list"));
  }
  return graph.attributes(n).Get<Tensor>("value");
}

absl::StatusOr<Tensor> LoadInput(Session& session, const std::string& name,
                                 const std::string& value) {
  const NpyOptions npy{.mmap = !session.options().no_mmap};
  const absl::StatusOr<TensorPath> path = ParseTensorPath(value);
  // Of several arrays in an .npz, the one called like the input is meant.
  if (path.ok() && path->kind == FileKind::kNpz && path->member.empty()) {
    absl::StatusOr<NpzReader> reader = NpzReader::Open(path->path, npy);
    if (reader.ok()) {
      const std::vector<std::string> names = reader->names();
      if (std::find(names.begin(), names.end(), name) != names.end()) return reader->Read(name);
    }
  }
  return LoadTensor(value, npy);
}

bool CanCast(DType from, DType to) { return !IsComplex(from) || IsComplex(to); }

absl::StatusOr<Tensor> ReadInput(Session& session, const std::string& name, const TensorType& type,
                                 SourcePosition declared, const std::string& value) {
  if (!ParseTensorPath(value).ok()) {
    if (LooksLikeLiteral(value)) return ParseLiteral(name, value, type.dtype);
    return Fail(Exit::kBadInput,
                absl::StrCat(name, "=", value, ": neither a file (.npy, .npz, .mtx), nor a number "
                             "or list, nor random, zeros, ones or eye"));
  }
  absl::StatusOr<Tensor> loaded = LoadInput(session, name, value);
  if (!loaded.ok()) {
    const bool memory = loaded.status().code() == absl::StatusCode::kResourceExhausted;
    return WithExit(absl::Status(loaded.status().code(),
                                 absl::StrCat(name, "=", loaded.status().message())),
                    memory ? Exit::kNoDevice : Exit::kBadInput);
  }
  if (loaded->dtype() == type.dtype) return loaded;
  if (session.options().cast) {
    absl::StatusOr<Tensor> cast = CastTensor(*loaded, type.dtype);
    if (cast.ok()) return cast;
    return WithExit(absl::Status(cast.status().code(),
                                 absl::StrCat(name, "=", value, ": ", cast.status().message())),
                    Exit::kBadInput);
  }
  return WithPosition(Fail(Exit::kBadInput,
                           absl::StrCat(name, "=", value, ": the file holds ",
                                        ShortType(loaded->type()), ", ", name, " is declared ",
                                        ShortType(type)),
                           CanCast(loaded->dtype(), type.dtype) ? "--cast converts what is read"
                                                                : ""),
                      declared);
}

absl::StatusOr<Tensor> MakeInput(Session& session, const std::string& name, const TensorType& type,
                                 Maker maker) {
  switch (maker) {
    case Maker::kRandom: return RandomTensor(type, session.options().seed, name);
    case Maker::kZeros: return FilledTensor(type, Fill::kZeros);
    case Maker::kOnes: return FilledTensor(type, Fill::kOnes);
    case Maker::kEye: return FilledTensor(type, Fill::kEye);
    case Maker::kPlaceholder:
      return Tensor::Borrow(nullptr, type.dtype, type.shape.sizes(),
                            ContiguousStrides(type.shape.sizes()), nullptr);
  }
  return absl::InternalError("unreachable");
}

std::string InputNames(const Graph& graph) {
  return absl::StrJoin(graph.inputs(), ", ", [](std::string* out, const GraphInput& in) {
    absl::StrAppend(out, in.name);
  });
}

absl::StatusOr<SizeBindings> ParseSizes(const Options& options, const Graph& graph) {
  const std::vector<std::string> known = graph.SizeNames();
  SizeBindings sizes;
  for (const std::string& text : options.sizes) {
    OTIUM_ASSIGN_OR_RETURN(const auto assignment, SplitAssignment(text, "--size", "NAME=N"));
    const auto& [name, value] = assignment;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return Fail(Exit::kUsage, absl::StrCat("--size ", text, ": ", graph.name(), " has no size ",
                                             name),
                  known.empty() ? "it has none" : absl::StrCat("it has ", absl::StrJoin(known, ", ")));
    }
    int64_t size = 0;
    if (!absl::SimpleAtoi(value, &size) || size < 0 || size >= kDimLimit) {
      return Fail(Exit::kUsage, absl::StrCat("--size ", text, ": ", value, " is not a size"));
    }
    if (sizes.Find(name).has_value()) {
      return Fail(Exit::kUsage, absl::StrCat("--size ", text, ": ", name, " is given twice"));
    }
    sizes.Set(name, size);
  }
  return sizes;
}

class Binder {
 public:
  Binder(Session& session, const Function& function, Missing missing)
      : session_(session),
        graph_(function.graph()),
        missing_(missing),
        tensors_(graph_.inputs().size()),
        makers_(graph_.inputs().size()) {}

  absl::StatusOr<Inputs> Run() {
    Inputs inputs;
    OTIUM_ASSIGN_OR_RETURN(inputs.sizes, ParseSizes(session_.options(), graph_));
    OTIUM_RETURN_IF_ERROR(ReadGiven());
    OTIUM_RETURN_IF_ERROR(ChooseMissing());
    OTIUM_RETURN_IF_ERROR(MakeRest(&inputs));
    for (size_t i = 0; i < tensors_.size(); ++i) {
      const std::string& name = graph_.inputs()[i].name;
      if (!tensors_[i].has_value()) continue;
      inputs.tensors.Set(name, *tensors_[i]);
      if (makers_[i] == Maker::kPlaceholder) inputs.placeholders.push_back(name);
    }
    return inputs;
  }

 private:
  const TensorType& TypeOf(size_t i) const { return graph_.type(graph_.inputs()[i].value); }
  SourcePosition Declared(size_t i) const {
    return PositionOf(graph_, graph_.producer(graph_.inputs()[i].value));
  }

  absl::Status ReadGiven() {
    for (const std::string& text : session_.options().values) {
      OTIUM_ASSIGN_OR_RETURN(const auto assignment, SplitAssignment(text, "", "NAME=VALUE"));
      const auto& [name, value] = assignment;
      size_t i = 0;
      while (i < tensors_.size() && graph_.inputs()[i].name != name) ++i;
      if (i == tensors_.size()) {
        std::string help = tensors_.empty() ? "it has no inputs"
                                            : absl::StrCat("it has ", InputNames(graph_));
        for (const GraphOutput& out : graph_.outputs()) {
          if (out.name == name) help = absl::StrCat(name, " is a result: did you mean -o ", text, "?");
        }
        return Fail(Exit::kUsage, absl::StrCat(graph_.name(), " has no input ", name), help);
      }
      if (tensors_[i].has_value() || makers_[i].has_value()) {
        return Fail(Exit::kUsage, absl::StrCat("the input ", name, " is given twice"));
      }
      OTIUM_RETURN_IF_ERROR(CheckInterrupted());
      makers_[i] = MakerOf(value);
      if (makers_[i].has_value()) continue;
      OTIUM_ASSIGN_OR_RETURN(tensors_[i], ReadInput(session_, name, TypeOf(i), Declared(i), value));
    }
    return absl::OkStatus();
  }

  absl::Status ChooseMissing() {
    for (size_t i = 0; i < tensors_.size(); ++i) {
      const GraphInput& in = graph_.inputs()[i];
      if (tensors_[i].has_value() || makers_[i].has_value() || in.default_value != nullptr) continue;
      if (session_.options().random_missing || missing_ == Missing::kRandom) {
        makers_[i] = Maker::kRandom;
      } else if (missing_ == Missing::kPlaceholder) {
        makers_[i] = Maker::kPlaceholder;
      } else {
        return WithPosition(
            Fail(Exit::kBadInput,
                 absl::StrCat("the input ", in.name, ": ", TypeOf(i).ToString(), " is missing"),
                 absl::StrCat("give it as ", in.name,
                              "=FILE, or fill what is missing with --random-missing")),
            Declared(i));
      }
    }
    return absl::OkStatus();
  }

  // Binds the sizes, then makes what was to be made.
  absl::Status MakeRest(Inputs* inputs) {
    std::vector<absl::Span<const int64_t>> spans(tensors_.size());
    std::vector<const absl::Span<const int64_t>*> shapes(tensors_.size(), nullptr);
    for (size_t i = 0; i < tensors_.size(); ++i) {
      if (!tensors_[i].has_value()) continue;
      spans[i] = tensors_[i]->sizes();
      shapes[i] = &spans[i];
    }
    absl::StatusOr<SizeBindings> sizes = BindSizes(graph_, shapes, inputs->sizes);
    if (!sizes.ok()) return WithExit(sizes.status(), Exit::kBadInput);
    OTIUM_RETURN_IF_ERROR(AssumeSizes(&*sizes, inputs));
    for (size_t i = 0; i < tensors_.size(); ++i) {
      if (!makers_[i].has_value()) continue;
      const std::string& name = graph_.inputs()[i].name;
      TensorType type = TypeOf(i);
      type.shape = type.shape.Bind(*sizes);
      if (!type.shape.IsStatic()) {
        std::vector<std::string> unknown;
        for (const Dim& d : type.shape.dims()) d.CollectSymbols(&unknown);
        return Fail(Exit::kBadInput,
                    absl::StrCat("the input ", name, " cannot be made: its size ", unknown[0],
                                 " is not known"),
                    absl::StrCat("bind it with --size ", unknown[0], "=1000"));
      }
      absl::StatusOr<Tensor> made = MakeInput(session_, name, type, *makers_[i]);
      if (!made.ok()) {
        return WithRunExit(absl::Status(made.status().code(),
                                        absl::StrCat(name, ": ", made.status().message())));
      }
      tensors_[i] = *std::move(made);
      OTIUM_RETURN_IF_ERROR(CheckInterrupted());
    }
    inputs->all_sizes = *std::move(sizes);
    return absl::OkStatus();
  }

  absl::Status AssumeSizes(SizeBindings* sizes, Inputs* inputs) {
    if (missing_ == Missing::kRefuse) return absl::OkStatus();
    std::vector<std::string> assumed;
    for (const std::string& name : graph_.SizeNames()) {
      if (sizes->Find(name).has_value()) continue;
      sizes->Set(name, kAssumedSize);
      inputs->sizes.Set(name, kAssumedSize);
      assumed.push_back(name);
    }
    if (!assumed.empty()) {
      session_.Note(absl::StrCat("otium: assuming ", absl::StrJoin(assumed, " = "), " = ",
                                 kAssumedSize, "; bind sizes with --size or with data"));
    }
    return absl::OkStatus();
  }

  Session& session_;
  const Graph& graph_;
  const Missing missing_;
  std::vector<std::optional<Tensor>> tensors_;
  std::vector<std::optional<Maker>> makers_;
};

}  // namespace

absl::StatusOr<std::pair<std::string, std::string>> SplitAssignment(absl::string_view text,
                                                                    absl::string_view option,
                                                                    absl::string_view form) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    return Fail(Exit::kUsage, absl::StrCat(option, option.empty() ? "" : ": ", "'", text,
                                           "' is not ", form));
  }
  return std::make_pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

absl::StatusOr<Tensor> CastTensor(const Tensor& tensor, DType dtype) {
  if (!CanCast(tensor.dtype(), dtype)) {
    return absl::InvalidArgumentError(absl::StrCat(DTypeName(tensor.dtype()), " does not convert to ",
                                                   DTypeName(dtype),
                                                   ": the imaginary parts would be lost"));
  }
  return Evaluate(cast(tensor, dtype));
}

absl::StatusOr<Inputs> BindInputs(Session& session, const Function& function, Missing missing) {
  return Binder(session, function, missing).Run();
}

}  // namespace otium::cli

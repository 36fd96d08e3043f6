// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/results.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <complex>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"
#include "engine/io/npy.h"
#include "engine/io/print.h"
#include "engine/io/tensor_file.h"
#include "nlohmann/json.hpp"

namespace otium::cli {
namespace {

absl::Status CheckTarget(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return Fail(Exit::kRunFailed, absl::StrCat(path, ": is a directory"));
  }
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return Fail(Exit::kRunFailed, absl::StrCat(path, ": there is no folder ", folder));
  }
  return absl::OkStatus();
}

Json NumberToJson(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

template <class T>
Json ElementToJson(const T& value) {
  if constexpr (std::is_same_v<T, std::complex<float>> ||
                std::is_same_v<T, std::complex<double>>) {
    return Json::array({NumberToJson(value.real()), NumberToJson(value.imag())});
  } else if constexpr (std::is_integral_v<T>) {
    return value;
  } else {
    return NumberToJson(static_cast<double>(static_cast<
        std::conditional_t<std::is_same_v<T, double>, double, float>>(value)));
  }
}

// Nested lists; a number when the rank is 0.
template <class T>
Json ElementsToJson(absl::Span<const int64_t> sizes, const T** next) {
  if (sizes.empty()) return ElementToJson(*(*next)++);
  Json list = Json::array();
  for (int64_t i = 0; i < sizes[0]; ++i) list.push_back(ElementsToJson(sizes.subspan(1), next));
  return list;
}

Json TensorToJson(const Tensor& tensor, bool full) {
  Json json = {{"dtype", std::string(DTypeName(tensor.dtype()))},
               {"shape", std::vector<int64_t>(tensor.sizes().begin(), tensor.sizes().end())}};
  if (!full && tensor.NumElements() > kMaxPrinted) {
    json["elided"] = true;
    return json;
  }
  const Tensor dense = tensor.Contiguous();
  DispatchDType(tensor.dtype(), [&]<class Tag>(Tag) {
    const auto* next = dense.data<typename Tag::type>();
    json["data"] = ElementsToJson(dense.sizes(), &next);
  });
  return json;
}

absl::Status WriteFile(Session& session, const OutputFile& file, const TensorMap& results) {
  if (file.path == "-") {
    for (const auto& [result, name] : file.results) {
      OTIUM_ASSIGN_OR_RETURN(const std::string bytes, NpyToString(results[result]));
      session.Print(bytes);
    }
    return absl::OkStatus();
  }
  std::vector<NamedTensor> tensors;
  for (const auto& [result, name] : file.results) tensors.push_back({name, results[result]});
  return SaveTensors(tensors, file.path);
}

}  // namespace

std::string ResultNames(const Graph& graph) {
  return absl::StrJoin(graph.outputs(), ", ", [](std::string* out, const GraphOutput& o) {
    absl::StrAppend(out, o.name);
  });
}

absl::StatusOr<std::vector<OutputFile>> ParseOutputs(const Options& options, const Graph& graph) {
  std::vector<OutputFile> files;
  auto has_result = [&](absl::string_view name) {
    for (const GraphOutput& out : graph.outputs()) {
      if (out.name == name) return true;
    }
    return false;
  };
  for (const std::string& text : options.outputs) {
    auto fail = [&](absl::string_view why, absl::string_view help = "") {
      return Fail(Exit::kUsage, absl::StrCat("-o ", text, ": ", why), help);
    };
    std::vector<std::string> names;
    std::string path = text;
    // An = may be part of a path: before it must stand the name of a result.
    const size_t equals = text.find('=');
    if (equals != std::string::npos && !absl::StrContains(text.substr(0, equals), '/')) {
      names = {text.substr(0, equals)};
      path = text.substr(equals + 1);
      if (!has_result(names[0])) {
        return fail(absl::StrCat(graph.name(), " has no result ", names[0]),
                    absl::StrCat("it has ", ResultNames(graph)));
      }
    } else {
      for (const GraphOutput& out : graph.outputs()) names.push_back(out.name);
    }
    std::string member;
    if (path != "-") {
      if (path.empty()) return fail("the name of the file is missing");
      const absl::StatusOr<TensorPath> parsed = ParseTensorPath(path);
      if (!parsed.ok()) {
        return fail(absl::StripPrefix(parsed.status().message(), absl::StrCat(path, ": ")));
      }
      if (parsed->kind != FileKind::kNpz && names.size() > 1) {
        return fail("the file holds one array, and there are several results",
                    absl::StrCat("choose one, -o ", names[0], "=", path, ", or write an .npz"));
      }
      for (const GraphOutput& out : graph.outputs()) {
        const TensorType& type = graph.type(out.value);
        if (parsed->kind == FileKind::kMtx && out.name == names[0] && type.rank() != 2) {
          return fail(absl::StrCat("an .mtx file holds a matrix, and ", out.name, " is ",
                                   ShortType(type)),
                      "write .npy instead");
        }
      }
      member = std::string(parsed->member);
      path = std::string(parsed->path);
      OTIUM_RETURN_IF_ERROR(CheckTarget(path));
    } else if (options.json) {
      return fail("--json has stdout for itself");
    } else if (isatty(STDOUT_FILENO) != 0) {
      return fail("stdout is a terminal, and .npy is not text");
    }
    OutputFile* file = nullptr;
    for (OutputFile& f : files) {
      if (f.path == path) file = &f;
    }
    if (file == nullptr) {
      file = &files.emplace_back();
      file->path = path;
    } else if (path != "-" && !absl::EndsWith(path, ".npz")) {
      return fail("the file is to be written twice");
    }
    for (const std::string& name : names) {
      const std::string key = member.empty() ? name : member;
      for (const auto& [result, other] : file->results) {
        if (other == key && path != "-") return fail(absl::StrCat(key, " is to be written twice"));
      }
      file->results.emplace_back(name, key);
    }
  }
  return files;
}

absl::Status DeliverResults(Session& session, const TensorMap& results,
                            const std::vector<OutputFile>& files) {
  const Options& options = session.options();
  for (const OutputFile& file : files) {
    OTIUM_RETURN_IF_ERROR(WithExit(WriteFile(session, file, results), Exit::kRunFailed));
  }
  if (options.json) {
    Json list = Json::object();
    for (const auto& [name, tensor] : results) {
      list[name] = TensorToJson(tensor, options.full);
    }
    for (const OutputFile& file : files) {
      for (const auto& [result, name] : file.results) list[result]["file"] = file.path;
    }
    session.document()["results"] = std::move(list);
    return absl::OkStatus();
  }
  if (!files.empty()) return absl::OkStatus();
  TensorPrintOptions print;
  print.max_elements = options.full ? std::numeric_limits<int64_t>::max() : kMaxPrinted;
  for (const auto& [name, tensor] : results) {
    OTIUM_ASSIGN_OR_RETURN(const std::string text, FormatTensor(tensor, print));
    // One result stands alone, so that it can be piped; several need their names.
    if (results.size() > 1) session.Print(absl::StrCat(name, ":\n"));
    session.Print(absl::StrCat(text, "\n"));
  }
  return absl::OkStatus();
}

}  // namespace otium::cli

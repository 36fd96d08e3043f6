// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/compare.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/status.h"
#include "engine/io/tensor_file.h"
#include "nlohmann/json.hpp"
#include "tools/otium/results.h"

namespace otium::cli {
namespace {

// The defaults of torch.testing.assert_close.
std::pair<double, double> DefaultTolerance(DType dtype) {
  switch (dtype) {
    case DType::kBool:
    case DType::kI32:
    case DType::kI64: return {0, 0};
    case DType::kF16: return {1e-3, 1e-5};
    case DType::kBF16: return {1.6e-2, 1e-5};
    case DType::kF32:
    case DType::kC64: return {1.3e-6, 1e-5};
    case DType::kF64:
    case DType::kC128: return {1e-7, 1e-7};
  }
  return {0, 0};
}

}  // namespace

absl::StatusOr<std::vector<Expectation>> ReadExpectations(Session& session, const Graph& graph) {
  std::vector<Expectation> expectations;
  for (const std::string& text : session.options().expected) {
    Expectation e;
    OTIUM_ASSIGN_OR_RETURN(std::tie(e.result, e.path),
                           SplitAssignment(text, "--expect", "NAME=FILE"));
    const bool known = std::any_of(graph.outputs().begin(), graph.outputs().end(),
                                   [&](const GraphOutput& out) { return out.name == e.result; });
    if (!known) {
      return Fail(Exit::kUsage,
                  absl::StrCat("--expect ", text, ": ", graph.name(), " has no result ", e.result),
                  absl::StrCat("it has ", ResultNames(graph)));
    }
    absl::StatusOr<Tensor> tensor =
        LoadTensor(e.path, NpyOptions{.mmap = !session.options().no_mmap});
    if (!tensor.ok()) {
      return Fail(Exit::kBadInput,
                  absl::StrCat("--expect ", e.result, "=", tensor.status().message()));
    }
    e.tensor = *std::move(tensor);
    expectations.push_back(std::move(e));
  }
  return expectations;
}

absl::Status CheckExpectations(Session& session, const std::vector<Expectation>& expected,
                               const TensorMap& results) {
  const Options& options = session.options();
  int differing = 0;
  for (const Expectation& e : expected) {
    const Tensor& actual = results[e.result];
    Tensor wanted = e.tensor;
    if (options.cast && wanted.dtype() != actual.dtype()) {
      absl::StatusOr<Tensor> cast = CastTensor(wanted, actual.dtype());
      if (cast.ok()) wanted = *std::move(cast);
    }
    auto [rtol, atol] = DefaultTolerance(actual.dtype());
    if (options.rtol.has_value() || options.atol.has_value()) {
      rtol = options.rtol.value_or(0);
      atol = options.atol.value_or(0);
    }
    const Comparison c =
        CompareTensors(actual, wanted, [&, rtol = rtol, atol = atol](int64_t, double magnitude) {
          return std::isfinite(magnitude) ? atol + rtol * magnitude : 0;
        });
    if (options.json) {
      session.document()["expect"][e.result] = {
          {"file", e.path},
          {"agrees", c.agrees()},
          {"elements", c.elements},
          {"differing", c.differing},
          {"largest_difference", c.largest},
          {"largest_relative_difference", c.largest_relative}};
    }
    if (c.agrees()) {
      session.Note(absl::StrFormat("otium: %s agrees with %s: %d elements, at most %.3g apart",
                                   e.result, e.path, c.elements, c.largest));
      continue;
    }
    ++differing;
    Diagnostic d;
    d.message = absl::StrCat(e.result, " differs from ", e.path, ": ", c.difference);
    session.Report({&d, 1});
  }
  return differing == 0 ? absl::OkStatus() : FailReported(Exit::kDiffers);
}

}  // namespace otium::cli

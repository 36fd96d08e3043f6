// SPDX-License-Identifier: Apache-2.0
//
// --check; the bound is explained in reference_judge.h.

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "nlohmann/json.hpp"
#include "tools/otium/compare.h"
#include "tools/otium/reference_judge.h"

namespace otium::cli {

absl::Status CheckWithReference(Session& session, const Function& function, const Inputs& inputs,
                                const RunOptions& run, const TensorMap& results) {
  const absl::StatusOr<std::vector<Verdict>> verdicts =
      JudgeByReference(function, inputs.tensors, inputs.all_sizes, run, results);
  OTIUM_RETURN_IF_ERROR(CheckInterrupted());
  if (!verdicts.ok()) return WithRunExit(verdicts.status());
  int differing = 0;
  for (const Verdict& v : *verdicts) {
    const Comparison& c = v.comparison;
    if (session.options().json) {
      session.document()["check"][v.name] = {
          {"agrees", c.agrees()},
          {"elements", c.elements},
          {"differing", c.differing},
          {"largest_difference", c.largest},
          {"allowed", v.unstable ? Json(nullptr) : Json(v.allowed)}};
    }
    if (v.unstable) {
      session.Note(absl::StrCat("otium: ", v.name,
                                " cannot be checked: other roundings make it fail, or change "
                                "its shape"));
    } else if (c.agrees()) {
      session.Note(absl::StrCat("otium: ", v.name, " agrees with the reference"));
    }
    if (c.agrees()) continue;
    ++differing;
    Diagnostic d;
    d.message = absl::StrCat(v.name, " differs from the reference: ", c.difference);
    session.Report({&d, 1});
  }
  return differing == 0 ? absl::OkStatus() : FailReported(Exit::kDiffers);
}

}  // namespace otium::cli

// SPDX-License-Identifier: Apache-2.0
//
// A graph that was computed, to be judged as it is and with faults put in.

#ifndef OTIUM_TESTS_CHECK_JUDGED_H_
#define OTIUM_TESTS_CHECK_JUDGED_H_

#include "engine/otium.h"
#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tools/otium/reference_judge.h"

namespace otium::cli {

struct Judged {
  Function function;
  TensorMap inputs;
  TensorMap results;  // As computed.

  // What is said of an output when `results` are the results.
  Verdict Judge(const TensorMap& results, absl::string_view output = "y") const {
    const auto verdicts = JudgeByReference(function, inputs, {}, {}, results);
    EXPECT_TRUE(verdicts.ok()) << verdicts.status();
    for (const Verdict& v : *verdicts) {
      if (v.name == output) return v;
    }
    ADD_FAILURE() << "no " << output;
    return {};
  }
  Verdict Judge() const { return Judge(results); }

  // With y[index] replaced.
  template <class T>
  Verdict JudgeWith(int64_t index, T value) const {
    Tensor y =
        Tensor::Copy(results["y"].Contiguous().data(), results["y"].dtype(), results["y"].sizes());
    y.mutable_data<T>()[index] = value;
    TensorMap wrong = results;
    wrong.Set("y", y);
    return Judge(wrong);
  }
  template <class T>
  T At(int64_t index) const {
    return results["y"].Contiguous().template data<T>()[index];
  }
};

inline Judged Computed(Function::Builder& builder, TensorMap inputs) {
  absl::StatusOr<Function> f = builder.Build();
  EXPECT_TRUE(f.ok()) << f.status();
  const absl::StatusOr<Program> program = Compile(*f, {});
  EXPECT_TRUE(program.ok()) << program.status();
  absl::StatusOr<TensorMap> results = program->Run(inputs);
  EXPECT_TRUE(results.ok()) << results.status();
  return {*std::move(f), std::move(inputs), *std::move(results)};
}

inline Tensor Random(DType dtype, const Dims& sizes, uint64_t seed) {
  RunOptions options;
  options.seed = seed;
  return (*Evaluate({randn(sizes, dtype)}, {}, options))[0];
}

}  // namespace otium::cli

#endif  // OTIUM_TESTS_CHECK_JUDGED_H_

// SPDX-License-Identifier: Apache-2.0
//
// A program that tests of runs share.

#ifndef OTIUM_TESTS_RUN_EXAMPLE_H_
#define OTIUM_TESTS_RUN_EXAMPLE_H_

#include <utility>

#include "engine/otium.h"
#include "gtest/gtest.h"

namespace otium {

inline Program CompileOrDie(Function::Builder& builder) {
  const absl::StatusOr<Function> function = builder.Build();
  EXPECT_TRUE(function.ok()) << function.status();
  absl::StatusOr<Program> program = Compile(*function);
  EXPECT_TRUE(program.ok()) << program.status();
  return *std::move(program);
}

// z = 2 x + y, t = x.T, w = z.
inline Program Example() {
  Function::Builder b("example");
  const Dim m = Dim::Symbol("m"), n = Dim::Symbol("n");
  const Expr x = b.Input("x", DType::kF64, {m, n}), y = b.Input("y", DType::kF64, {m, n});
  const Expr z = 2 * x + y;
  b.Output("z", z);
  b.Output("t", z.T());
  b.Output("w", z);
  return CompileOrDie(b);
}

inline const Tensor kX = Tensor::Of<double>({{1, 2, 3}, {4, 5, 6}});
inline const Tensor kY = Tensor::Of<double>({{10, 20, 30}, {40, 50, 60}});

}  // namespace otium

#endif  // OTIUM_TESTS_RUN_EXAMPLE_H_

// SPDX-License-Identifier: Apache-2.0
//
// Tables of expressions and their types, or errors word for word.

#ifndef OTIUM_TESTS_OPS_TYPE_CASES_H_
#define OTIUM_TESTS_OPS_TYPE_CASES_H_

#include <initializer_list>
#include <utility>

#include "engine/graph/capture.h"
#include "gtest/gtest.h"
#include "tests/ops/reference_run.h"

namespace otium::testing_ops {

// An input called x, for expressions that are never run.
inline Expr In(Shape shape, DType dtype = DType::kF64) {
  return InputExpr("x", TensorType(dtype, std::move(shape)), {});
}

struct TypeCase {
  Expr expr;
  const char* want;
};

inline void CheckTypes(std::initializer_list<TypeCase> cases) {
  int i = 0;
  for (const TypeCase& c : cases) EXPECT_EQ(TypeOrError(c.expr), c.want) << "case " << i++;
}

}  // namespace otium::testing_ops

#endif  // OTIUM_TESTS_OPS_TYPE_CASES_H_

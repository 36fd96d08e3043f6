// SPDX-License-Identifier: Apache-2.0
//
// What is known of the structure of results, and what must not be claimed.

#include <functional>
#include <string>
#include <vector>

#include "engine/graph/function.h"
#include "gtest/gtest.h"
#include "ops/ops.h"
#include "tests/ops/evaluate.h"

namespace otium {
namespace {

// The structure of `expr` in a graph whose inputs are `inputs`.
std::string StructureOf(const std::vector<Expr>& inputs, const Expr& expr) {
  CaptureRequest request;
  request.name = "test";
  for (const Expr& input : inputs) request.inputs.push_back({input, Expr()});
  request.outputs.emplace_back("y", expr);
  const absl::StatusOr<Graph> graph = Capture(request);
  if (!graph.ok()) return std::string(graph.status().message());
  return StructureToString(graph->type(graph->outputs()[0].value).structure);
}

Expr With(absl::string_view name, DType dtype, Shape shape,
          std::initializer_list<absl::string_view> words) {
  TensorType type(dtype, std::move(shape));
  for (absl::string_view word : words) EXPECT_TRUE(AddStructureWord(word, &type.structure)) << word;
  return InputExpr(name, type, SourcePosition());
}

class StructureRulesTest : public testing::Test {
 protected:
  const Dim n_ = Dim::Symbol("n");
  const Shape square_ = {n_, n_};
  const Expr t_ = With("t", DType::kF64, {}, {});
  const Expr nonnegative_ = With("a", DType::kF64, {}, {"nonnegative"});
  const Expr positive_ = With("p", DType::kF64, {}, {"positive"});
  const Expr complex_ = With("z", DType::kC128, {}, {});
  const Expr integer_ = With("i", DType::kI64, {}, {"positive"});
  const Expr general_ = With("G", DType::kF64, square_, {});
  const Expr symmetric_ = With("S", DType::kF64, square_, {"symmetric"});
  const Expr definite_ = With("P", DType::kF64, square_, {"spd"});
  const Expr lower_ = With("L", DType::kF64, square_, {"lower"});
  const Expr diagonal_ = With("D", DType::kF64, square_, {"diagonal"});
  const Expr hermitian_ = With("H", DType::kC128, square_, {"hermitian"});
  const Expr complex_definite_ = With("C", DType::kC128, square_, {"spd"});
  const Expr x_ = With("x", DType::kF64, {n_}, {});

  std::string Of(const Expr& expr) {
    return StructureOf({t_, nonnegative_, positive_, complex_, integer_, general_, symmetric_,
                        definite_, lower_, diagonal_, hermitian_, complex_definite_, x_},
                       expr);
  }
};

TEST_F(StructureRulesTest, SignsOfScalars) {
  EXPECT_EQ(Of(exp(t_)), "positive");
  EXPECT_EQ(Of(exp(complex_)), "");
  EXPECT_EQ(Of(sigmoid(t_)), "positive");
  EXPECT_EQ(Of(softplus(t_)), "positive");
  EXPECT_EQ(Of(softplus(t_, -1)), "");
  EXPECT_EQ(Of(abs(t_)), "nonnegative");
  EXPECT_EQ(Of(abs(positive_)), "positive");
  EXPECT_EQ(Of(abs(integer_)), "");  // The least integer has no absolute value.
  EXPECT_EQ(Of(square(t_)), "nonnegative");
  EXPECT_EQ(Of(square(complex_)), "");
  EXPECT_EQ(Of(square(integer_)), "");  // Wraps around.
  EXPECT_EQ(Of(t_ * t_), "nonnegative");
  EXPECT_EQ(Of(pow(t_, 2)), "nonnegative");
  EXPECT_EQ(Of(pow(t_, 3)), "");
  EXPECT_EQ(Of(pow(positive_, t_)), "positive");
  EXPECT_EQ(Of(sqrt(nonnegative_)), "nonnegative");
  EXPECT_EQ(Of(sqrt(t_)), "");
  EXPECT_EQ(Of(rsqrt(positive_)), "positive");
  EXPECT_EQ(Of(reciprocal(nonnegative_)), "");  // 1 / -0 is -inf.
  EXPECT_EQ(Of(floor(positive_)), "nonnegative");
  EXPECT_EQ(Of(ceil(positive_)), "positive");
  EXPECT_EQ(Of(relu(t_)), "nonnegative");
  EXPECT_EQ(Of(log1p(nonnegative_)), "nonnegative");
  EXPECT_EQ(Of(log(positive_)), "");
  EXPECT_EQ(Of(maximum(t_, positive_)), "positive");
  EXPECT_EQ(Of(minimum(t_, positive_)), "");
  EXPECT_EQ(Of(minimum(nonnegative_, positive_)), "nonnegative");
  EXPECT_EQ(Of(clamp(t_, positive_)), "positive");
  EXPECT_EQ(Of(clamp(t_, positive_, t_)), "");
  EXPECT_EQ(Of(clamp(positive_, t_, positive_)), "positive");
  EXPECT_EQ(Of(where(lt(t_, 0), nonnegative_, positive_)), "nonnegative");
}

TEST_F(StructureRulesTest, ElementwiseFunctionsOfMatrices) {
  EXPECT_EQ(Of(tanh(lower_)), "lower");
  EXPECT_EQ(Of(cos(lower_)), "");
  EXPECT_EQ(Of(cos(symmetric_)), "symmetric");
  EXPECT_EQ(Of(exp(diagonal_)), "symmetric");
  EXPECT_EQ(Of(abs(definite_)), "symmetric");
  EXPECT_EQ(Of(abs(hermitian_)), "");
  EXPECT_EQ(Of(real(hermitian_)), "symmetric");
  EXPECT_EQ(Of(real(complex_definite_)), "spd");
  EXPECT_EQ(Of(imag(diagonal_ * Arg(std::complex<double>(0, 1)))), "diagonal");
  EXPECT_EQ(Of(-definite_), "symmetric nonsingular");
  EXPECT_EQ(Of(pow(lower_, 0.5)), "lower");
  EXPECT_EQ(Of(pow(lower_, t_)), "");
  EXPECT_EQ(Of(pow(lower_, 0)), "");
  EXPECT_EQ(Of(isnan(lower_)), "lower");
}

TEST_F(StructureRulesTest, ElementwiseOpsOnMatrices) {
  EXPECT_EQ(Of(symmetric_ + t_), "symmetric");
  EXPECT_EQ(Of(symmetric_ + x_), "");
  EXPECT_EQ(Of(definite_ + t_), "symmetric");
  EXPECT_EQ(Of(maximum(lower_, diagonal_)), "lower");
  EXPECT_EQ(Of(maximum(symmetric_, symmetric_ + 1)), "symmetric");
  EXPECT_EQ(Of(where(lt(t_, 0), definite_, definite_ * 2)), "spd");
  EXPECT_EQ(Of(where(lt(general_, 0), definite_, definite_ * 2)), "");
  EXPECT_EQ(Of(where(lt(symmetric_, 0), definite_, symmetric_)), "symmetric");
  EXPECT_EQ(Of(where(lt(general_, 0), lower_, diagonal_)), "lower");
  EXPECT_EQ(Of(lerp(lower_, diagonal_, t_)), "lower");
  EXPECT_EQ(Of(addcmul(diagonal_, lower_, general_)), "lower");
  EXPECT_EQ(Of(lt(symmetric_, 0)), "symmetric");
  EXPECT_EQ(Of(atan2(symmetric_, general_)), "");
}

TEST_F(StructureRulesTest, Creation) {
  EXPECT_EQ(Of(zeros({n_, n_})), "zero");
  EXPECT_EQ(Of(general_ * zeros_like(general_)), "zero");
  EXPECT_EQ(Of(general_ * 0), "");  // NaN in the data is NaN in the result.
  EXPECT_EQ(Of(ones({n_, n_}, DType::kF32)), "psd");
  EXPECT_EQ(Of(ones({n_, 3})), "");
  EXPECT_EQ(Of(ones({}, DType::kF32)), "positive");
  EXPECT_EQ(Of(full({n_, n_}, -2)), "symmetric");
  EXPECT_EQ(Of(full({n_, n_}, 2, DType::kI64)), "psd");
  EXPECT_EQ(Of(full({}, positive_)), "positive");
  EXPECT_EQ(Of(full({}, 0.5, DType::kI32)), "nonnegative");
  EXPECT_EQ(Of(full({n_, n_}, nonnegative_)), "psd");
  EXPECT_EQ(Of(eye(n_)), "identity");
  EXPECT_EQ(Of(eye(n_, 3)), "unit_lower unit_upper");
  EXPECT_EQ(Of(definite_ + 0.1 * eye(n_)), "spd");
}

TEST_F(StructureRulesTest, Reductions) {
  EXPECT_EQ(Of(sum(square(x_))), "nonnegative");
  EXPECT_EQ(Of(sum(x_ * x_)), "nonnegative");
  EXPECT_EQ(Of(sum(pow(x_, 2))), "nonnegative");
  EXPECT_EQ(Of(mean(abs(x_))), "nonnegative");
  EXPECT_EQ(Of(sum(x_)), "");
  EXPECT_EQ(Of(var(x_)), "nonnegative");
  EXPECT_EQ(Of(vector_norm(x_, 3)), "nonnegative");
  EXPECT_EQ(Of(norm(general_, "fro")), "nonnegative");
  EXPECT_EQ(Of(norm(general_, 1, Ints{0})), "");
  EXPECT_EQ(Of(trace(definite_)), "nonnegative");
  EXPECT_EQ(Of(trace(symmetric_)), "");
  EXPECT_EQ(Of(sum(zeros_like(x_))), "zero nonnegative");
}

}  // namespace
}  // namespace otium

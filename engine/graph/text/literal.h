// SPDX-License-Identifier: Apache-2.0
//
// Numbers and constants, from text and to text. What is printed reads back to
// the same bits: shortest digits that round-trip in their own dtype, signed
// zeros, infinities, and NaNs with their sign and payload.
//
//   1  -2.5e-3  inf  -nan  nan(12)  1.5+2j  -0.0-inf*1j
//
// A sign, and the sum of a real and an imaginary number, belong to the literal;
// `-inf*1j` is the imaginary number whose part is -inf.

#ifndef OTIUM_ENGINE_GRAPH_TEXT_LITERAL_H_
#define OTIUM_ENGINE_GRAPH_TEXT_LITERAL_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "engine/base/dtype.h"
#include "engine/base/tensor.h"
#include "engine/graph/text/ast.h"

namespace otium {

// A real part both as f64 and as f32: text to f64 to f32 would round twice.
struct RealLiteral {
  double f64 = 0;
  float f32 = 0;
  // Of nan: the bits of the mantissa, or 0 for the usual quiet NaN.
  uint64_t nan_payload = 0;
};

struct NumberLiteral {
  enum Kind : uint8_t { kBool, kInteger, kReal, kComplex };
  Kind kind = kInteger;
  int64_t integer = 0;  // Also of kBool.
  RealLiteral real;
  RealLiteral imaginary;
};

// Takes the node that is wrong and says why.
using LiteralError = absl::FunctionRef<void(AstId at, std::string message, std::string help)>;

// Whether `id` is a number literal as described above (not true or false).
bool IsNumberLiteral(const Ast& ast, AstId id);
// The number; requires IsNumberLiteral, or true or false. Empty and reported
// when it does not fit.
std::optional<NumberLiteral> ParseNumber(const Ast& ast, AstId id, LiteralError error);

// A number or nested list of numbers as a dense tensor. Without a dtype it is
// that of the elements: bool, i64, f32 or c64. A `shape` is needed where the
// list cannot show it (sizes of 0) and must agree with it otherwise.
std::optional<Tensor> ParseTensor(const Ast& ast, AstId id, std::optional<DType> dtype,
                                  std::optional<absl::Span<const int64_t>> shape,
                                  LiteralError error);
// 0-D tensor of a weak number: bool, i64, f64 or c128.
Tensor WeakTensor(const NumberLiteral& number);

// "1.5", "inf", "-nan"; always with a point, an exponent or letters.
std::string RealToText(double value);
// The value of a constant node: a bare number when it is 0-D and weak in the
// dtype that a number has, else "tensor([1.0, 2.0], dtype=f32)".
std::string ConstantToText(const Tensor& value, bool weak);

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_TEXT_LITERAL_H_

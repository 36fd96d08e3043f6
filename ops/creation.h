// SPDX-License-Identifier: Apache-2.0
//
// Builders of tensors made of nothing. Without a dtype, zeros, ones, full, eye,
// arange and linspace take that of what they meet (alone f32, or i64 and c64 when
// made of integers and complex numbers), so `A + 0.1 * eye(n)` is of A's dtype.

#ifndef OTIUM_OPS_CREATION_H_
#define OTIUM_OPS_CREATION_H_

#include <optional>
#include <source_location>
#include <utility>

#include "engine/graph/expr.h"

namespace otium {

// A bound of arange or linspace: an integer, a size or a floating number. The
// first two keep a range exact and let its length be a size.
class Number {
 public:
  Number(int value) : value_(Dim(value)) {}        // NOLINT: numbers are Numbers.
  Number(int64_t value) : value_(Dim(value)) {}    // NOLINT
  Number(double value) : value_(value) {}          // NOLINT
  Number(Dim value) : value_(std::move(value)) {}  // NOLINT

  AttributeValue value() && { return std::move(value_); }

 private:
  AttributeValue value_;
};

// Filled with 0 or 1. A size may be 0, or a name.
OTIUM_EXPORT Expr zeros(Dims size, std::optional<DType> dtype = std::nullopt,
                        std::source_location location = std::source_location::current());
OTIUM_EXPORT Expr ones(Dims size, std::optional<DType> dtype = std::nullopt,
                       std::source_location location = std::source_location::current());
// fill_value is a number or a 0-D expression; with a dtype it is converted, floats
// to integers by truncation. Complex to real is an error.
OTIUM_EXPORT Expr full(Dims size, Arg fill_value, std::optional<DType> dtype = std::nullopt);

// The identity, [n, m]; m is n when not given.
OTIUM_EXPORT Expr eye(Dim n, std::optional<Dim> m = std::nullopt,
                      std::optional<DType> dtype = std::nullopt,
                      std::source_location location = std::source_location::current());

// 0, 1, ... before end; and start, start + step, ... before end. Of integers and
// sizes they are integers; ceil((end - start) / step) elements. A step that leads
// away from end is an error, and so is a size that meets a floating number.
OTIUM_EXPORT Expr arange(Number end, std::optional<DType> dtype = std::nullopt,
                         std::source_location location = std::source_location::current());
OTIUM_EXPORT Expr arange(Number start, Number end, Number step = 1,
                         std::optional<DType> dtype = std::nullopt,
                         std::source_location location = std::source_location::current());
// `steps` numbers at equal distances from start to end, both included; floating
// unless the dtype says integer (truncated).
OTIUM_EXPORT Expr linspace(Number start, Number end, Dim steps,
                           std::optional<DType> dtype = std::nullopt,
                           std::source_location location = std::source_location::current());

// Uniform in [0, 1): real and imaginary parts each, when complex. f32 without a
// dtype. Philox 4x32-10, keyed by the run's seed and the op's ordinal.
OTIUM_EXPORT Expr rand(Dims size, std::optional<DType> dtype = std::nullopt,
                       std::source_location location = std::source_location::current());
// Normal with mean 0 and variance 1 (complex: 1/2 in each part), from the numbers
// of rand by Box and Muller's transformation. f32 without a dtype.
OTIUM_EXPORT Expr randn(Dims size, std::optional<DType> dtype = std::nullopt,
                        std::source_location location = std::source_location::current());

// The same in the size and dtype (unless one is given) of x, whose elements are
// not used.
OTIUM_EXPORT Expr zeros_like(Arg x, std::optional<DType> dtype = std::nullopt);
OTIUM_EXPORT Expr ones_like(Arg x, std::optional<DType> dtype = std::nullopt);
OTIUM_EXPORT Expr full_like(Arg x, Arg fill_value, std::optional<DType> dtype = std::nullopt);
OTIUM_EXPORT Expr rand_like(Arg x, std::optional<DType> dtype = std::nullopt);
OTIUM_EXPORT Expr randn_like(Arg x, std::optional<DType> dtype = std::nullopt);

// What an arange's attributes say, Dim or double each: arange(5) is 0, 5, 1.
struct ArangeNumbers {
  AttributeValue start, end, step;
};
ArangeNumbers ArangeNumbersOf(const Attributes& attributes);

}  // namespace otium

#endif  // OTIUM_OPS_CREATION_H_

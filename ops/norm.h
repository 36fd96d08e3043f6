// SPDX-License-Identifier: Apache-2.0
//
// Builders of norms, which are real. x is floating or complex. `dim` may count
// from the end; with `keepdim` reduced dimensions stay, of size 1.

#ifndef OTIUM_OPS_NORM_H_
#define OTIUM_OPS_NORM_H_

#include <optional>
#include <string>
#include <utility>

#include "engine/graph/expr.h"
#include "ops/dims_arg.h"

namespace otium {

// The order of a norm: a number, or a name ("fro").
class NormOrder {
 public:
  NormOrder(double order) : value_(order) {}                  // NOLINT: 2.5 is an order.
  NormOrder(int order) : NormOrder(1.0 * order) {}            // NOLINT: 0 is no pointer.
  NormOrder(const char* name) : value_(std::string(name)) {}  // NOLINT
  NormOrder(std::string name) : value_(std::move(name)) {}    // NOLINT
  AttributeValue value() && { return std::move(value_); }

 private:
  AttributeValue value_;
};

// sum(|x|**ord)**(1 / ord) over the dimensions `dim` (all when none): inf and -inf
// are the largest and smallest |x|, 0 counts what is not 0. Of nothing, orders
// below 0 and inf are an error, others 0. With `dtype` x is cast to it first.
OTIUM_EXPORT Expr vector_norm(Arg x, double ord = 2, DimsArg dim = {}, bool keepdim = false,
                              std::optional<DType> dtype = std::nullopt);

// A norm of the matrices in two dimensions, the last by default: "fro"; 1 and -1 the
// largest and smallest sum of a column's |x|; inf and -inf of a row's; 2 and -2 the
// largest and smallest singular value, "nuc" the sum of all (not of f16 and bf16).
OTIUM_EXPORT Expr matrix_norm(Arg A, NormOrder ord = "fro", DimsArg dim = {},
                              bool keepdim = false, std::optional<DType> dtype = std::nullopt);
// torch.linalg.norm. Without ord: the 2-norm of all elements over `dim`. With ord:
// over one dimension (x is 1-D when dim is none) vector_norm; over two (x is 2-D
// when dim is none) matrix_norm.
OTIUM_EXPORT Expr norm(Arg x, std::optional<NormOrder> ord = std::nullopt, DimsArg dim = {},
                       bool keepdim = false, std::optional<DType> dtype = std::nullopt);

}  // namespace otium

#endif  // OTIUM_OPS_NORM_H_

// SPDX-License-Identifier: Apache-2.0
//
// Builders of reductions. `dim` may count from the end; none reduces all
// dimensions; with `keepdim` reduced dimensions stay, of size 1; with `dtype` x is
// cast to it first, and the result has it. Of nothing, sum is 0, prod 1, mean and var
// NaN, all true, any false, logsumexp -inf; the extrema are an error.

#ifndef OTIUM_OPS_REDUCTION_H_
#define OTIUM_OPS_REDUCTION_H_

#include <optional>
#include <utility>

#include "engine/graph/expr.h"
#include "ops/dims_arg.h"

namespace otium {

// Integers and bools give i64.
OTIUM_EXPORT Expr sum(Arg x, DimsArg dim = {}, bool keepdim = false,
                      std::optional<DType> dtype = std::nullopt);
OTIUM_EXPORT Expr prod(Arg x, DimsArg dim = {}, bool keepdim = false,
                       std::optional<DType> dtype = std::nullopt);
// Floating or complex.
OTIUM_EXPORT Expr mean(Arg x, DimsArg dim = {}, bool keepdim = false,
                       std::optional<DType> dtype = std::nullopt);
// Variance (divided by max(n - correction, 0)) and its square root; real, of
// floating or complex x.
OTIUM_EXPORT Expr var(Arg x, DimsArg dim = {}, double correction = 1, bool keepdim = false);
OTIUM_EXPORT Expr std(Arg x, DimsArg dim = {}, double correction = 1, bool keepdim = false);
// (variance, mean) in one pass over x.
OTIUM_EXPORT std::pair<Expr, Expr> var_mean(Arg x, DimsArg dim = {}, double correction = 1,
                                            bool keepdim = false);
// Of real x; NaN when there is one.
OTIUM_EXPORT Expr amax(Arg x, DimsArg dim = {}, bool keepdim = false);
OTIUM_EXPORT Expr amin(Arg x, DimsArg dim = {}, bool keepdim = false);
// i64: the first index of the extremum, or of the first NaN; without dim it counts
// in row-major order. Real numbers, not bools.
OTIUM_EXPORT Expr argmax(Arg x, std::optional<int64_t> dim = std::nullopt, bool keepdim = false);
OTIUM_EXPORT Expr argmin(Arg x, std::optional<int64_t> dim = std::nullopt, bool keepdim = false);
// bool, of any dtype: what is not 0 is true, NaN too. An empty list of dimensions
// reduces none here; elsewhere it means all.
OTIUM_EXPORT Expr all(Arg x, DimsArg dim = {}, bool keepdim = false);
OTIUM_EXPORT Expr any(Arg x, DimsArg dim = {}, bool keepdim = false);
// i64, of any dtype.
OTIUM_EXPORT Expr count_nonzero(Arg x, DimsArg dim = {}, bool keepdim = false);
// log(sum(exp(x))) without overflow on the way; integers give f32.
OTIUM_EXPORT Expr logsumexp(Arg x, Ints dim, bool keepdim = false);
// The sum of the main diagonal of A [..., m, n]: [...]. Integers give i64; not of
// bools. Batches are an extension of PyTorch's.
OTIUM_EXPORT Expr trace(Arg A);

}  // namespace otium

#endif  // OTIUM_OPS_REDUCTION_H_

// SPDX-License-Identifier: Apache-2.0
//
// Builders of comparisons, logic and predicates: bool results, element by
// element. C++'s own == and < never have graph meaning.

#ifndef OTIUM_OPS_COMPARISON_H_
#define OTIUM_OPS_COMPARISON_H_

#include "engine/graph/expr.h"

namespace otium {

// a < b, <=, > and >=, of real numbers; false when either is NaN.
OTIUM_EXPORT Expr lt(Arg a, Arg b);
OTIUM_EXPORT Expr le(Arg a, Arg b);
OTIUM_EXPORT Expr gt(Arg a, Arg b);
OTIUM_EXPORT Expr ge(Arg a, Arg b);
// a == b and a != b; NaN differs from everything.
OTIUM_EXPORT Expr eq(Arg a, Arg b);
OTIUM_EXPORT Expr ne(Arg a, Arg b);

// Operands of any dtype: what is not 0 is true, NaN too.
OTIUM_EXPORT Expr logical_and(Arg a, Arg b);
OTIUM_EXPORT Expr logical_or(Arg a, Arg b);
OTIUM_EXPORT Expr logical_xor(Arg a, Arg b);
OTIUM_EXPORT Expr logical_not(Arg x);

// Of any dtype; a complex number is NaN or infinite when either part is.
OTIUM_EXPORT Expr isnan(Arg x);
OTIUM_EXPORT Expr isinf(Arg x);
OTIUM_EXPORT Expr isfinite(Arg x);

}  // namespace otium

#endif  // OTIUM_OPS_COMPARISON_H_

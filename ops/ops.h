// SPDX-License-Identifier: Apache-2.0
//
// Every builder, by family. Their names and meaning are PyTorch's. A wrong call
// (shape, dtype, attribute) gives a poisoned Expr with kInvalidArgument, which
// names the op, both shapes and where the call stands; Evaluate and Compile
// return it.

#ifndef OTIUM_OPS_OPS_H_
#define OTIUM_OPS_OPS_H_

#include "ops/comparison.h"
#include "ops/contraction.h"
#include "ops/core.h"
#include "ops/creation.h"
#include "ops/factorization.h"
#include "ops/functions.h"
#include "ops/indexing.h"
#include "ops/joining.h"
#include "ops/matrix_functions.h"
#include "ops/norm.h"
#include "ops/orthogonal.h"
#include "ops/pointwise.h"
#include "ops/product.h"
#include "ops/reduction.h"
#include "ops/scan.h"
#include "ops/shape.h"
#include "ops/solver.h"
#include "ops/spectral.h"

#endif  // OTIUM_OPS_OPS_H_

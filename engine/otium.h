// SPDX-License-Identifier: Apache-2.0
//
// Otium: lazy linear algebra. The one header that users include.
//
//   #include <otium/otium.h>
//   using namespace otium;
//
//   Expr A = constant(a), x = constant(vx), y = constant(vy);
//   Expr z = y + mv(A, x);                    // nothing computed
//   absl::StatusOr<Tensor> r = Evaluate(z);   // planned as one addmv
//
// What is where: Tensor and its files (engine/io), Expr and its ops (ops), Function
// and its text (engine/graph), Compile, Program and Evaluate (engine/engine.h).

#ifndef OTIUM_ENGINE_OTIUM_H_
#define OTIUM_ENGINE_OTIUM_H_

#include "engine/base/tensor.h"
#include "engine/engine.h"
#include "engine/graph/expr.h"
#include "engine/graph/function.h"
#include "engine/graph/text/lower.h"
#include "engine/graph/text/printer.h"
#include "engine/io/dlpack.h"
#include "engine/io/mtx.h"
#include "engine/io/print.h"
#include "engine/io/tensor_file.h"
#include "engine/run/chrome_trace.h"
#include "engine/version.h"
#include "ops/ops.h"

#endif  // OTIUM_ENGINE_OTIUM_H_

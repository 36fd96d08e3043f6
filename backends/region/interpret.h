// SPDX-License-Identifier: Apache-2.0
//
// The judge of all executors of loop programs: one loop over kept indices, in it
// one loop over the reduced ones for each stage, in it the instructions one by
// one, on doubles and 64-bit integers, each rounded to its dtype. Also the
// reference kernel of `fused`.

#ifndef OTIUM_BACKENDS_REGION_INTERPRET_H_
#define OTIUM_BACKENDS_REGION_INTERPRET_H_

#include "absl/types/span.h"
#include "backends/backend.h"
#include "backends/region/loop_program.h"

namespace otium::region {

void Interpret(const LoopProgram& program, absl::Span<const View> inputs,
               absl::Span<const View> results);

}  // namespace otium::region

#endif  // OTIUM_BACKENDS_REGION_INTERPRET_H_

// SPDX-License-Identifier: Apache-2.0
//
// Which dtypes an op takes, and what it makes of them: asked of its own type rule
// with operands of every dtype, because a second table would sooner or later say
// something else.

#ifndef OTIUM_TOOLS_OTIUM_OP_TYPES_H_
#define OTIUM_TOOLS_OTIUM_OP_TYPES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "ops/op.h"

namespace otium::cli {

struct OpTypes {
  // Per operand parameter the dtypes it takes, a bit each: all operands together,
  // but for those with a dtype of their own (`where`'s condition, indices).
  std::vector<uint32_t> operands;
  // What comes out, one row for operand dtypes that are treated alike.
  struct Row {
    uint32_t operands = 0;
    std::vector<std::string> results;  // "f32", or "the same".
  };
  std::vector<Row> rows;
};

// Empty for ops without operands, and those that take a graph, whose rule it is.
OpTypes FindOpTypes(const OpDef& op);

// "f32 f64"; "any dtype" for all of them.
std::string DTypesText(uint32_t dtypes);
std::vector<std::string> DTypeNames(uint32_t dtypes);

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_OP_TYPES_H_

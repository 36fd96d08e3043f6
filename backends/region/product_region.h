// SPDX-License-Identifier: Apache-2.0
//
// Regions that begin with a matrix product:
//
//   h = relu(addmm(b, x, W))        h = fused addmm_relu(b, x, W)
//
// The rest (bias, activation, residual) is a loop over elements that is run on
// each tile of the product while that is in cache. Products with a vector are no
// such regions: their result is small beside the matrix, and in cache anyway.
//
// Tested by tests/region/product_region_test.cc.

#ifndef OTIUM_BACKENDS_REGION_PRODUCT_REGION_H_
#define OTIUM_BACKENDS_REGION_PRODUCT_REGION_H_

#include <optional>
#include <vector>

#include "backends/region/loop_program.h"
#include "engine/graph/graph.h"

namespace otium::region {

struct ProductRegion {
  NodeId product;             // mm, addmm, bmm or baddbmm, in the body.
  std::vector<int> operands;  // The product's: inputs of the body, -1 for missing ones.
  LoopProgram rest;           // Its input 0 is the product.
  std::vector<int> inputs;    // Its other inputs: inputs of the body.
};

// Nothing when the body is no such region: its one product takes inputs of the
// body, its one result has the product's shape and dtype, and what is between
// them is elementwise.
std::optional<ProductRegion> FindProductRegion(const Graph& body);

// The products that may begin a region.
bool IsRegionProduct(Op op);

}  // namespace otium::region

#endif  // OTIUM_BACKENDS_REGION_PRODUCT_REGION_H_

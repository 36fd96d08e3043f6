// SPDX-License-Identifier: Apache-2.0
//
// Regions that begin with a matrix product:
//
//   h = relu(addmm(b, x, W))        h = fused addmm_relu(b, x, W)
//   p = softmax(x @ W, 1)           p = fused mm_softmax(x, W)
//   p = softmax(q @ k.T, -1)       p = fused matmul_softmax(q, k.T)
//
// The rest is run on each tile of the product while that is in cache: a loop over
// elements (bias, activation, residual), or one that also reduces rows (softmax, a
// norm), for which tiles are whole rows. Products with a vector are no such regions:
// their result is small beside the matrix, and in cache anyway.
//
// Tested by tests/region/product_region_test.cc.

#ifndef OTIUM_BACKENDS_REGION_PRODUCT_REGION_H_
#define OTIUM_BACKENDS_REGION_PRODUCT_REGION_H_

#include <memory>
#include <vector>

#include "backends/region/loop_program.h"
#include "engine/graph/graph.h"

namespace otium::region {

struct ProductRegion {
  NodeId product;             // IsRegionProduct, in the body.
  std::vector<int> operands;  // The product's: inputs of the body, -1 for missing ones.
  LoopProgram rest;           // Its input 0 is the product.
  std::vector<int> inputs;    // Its other inputs: inputs of the body.
};

// The longest rows of which a block stays in cache, so that reducing them on the
// way gains something: softmax on products of 512 columns took a tenth less time.
inline constexpr int64_t kMaxReducedRow = 4096;
// Blocks of whole rows are fewer than tiles. With this many rows there are enough
// of them for all threads; with fewer, rows must be so short that nobody would
// have cut them.
inline constexpr int64_t kManyRows = 768;
inline constexpr int64_t kShortRow = 512;

// Null when the body is no such region: its one product takes inputs of the body, its
// one result has the product's shape and dtype, and what is between them goes element
// by element, or row by row within the limits above. Found once for equal bodies: the
// pass that makes a region asks, and then every kernel that is to run it. Thread-safe.
std::shared_ptr<const ProductRegion> FindProductRegion(const Graph& body);

// The products that may begin a region.
bool IsRegionProduct(Op op);

}  // namespace otium::region

#endif  // OTIUM_BACKENDS_REGION_PRODUCT_REGION_H_

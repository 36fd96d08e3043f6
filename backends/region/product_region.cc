// SPDX-License-Identifier: Apache-2.0
#include "backends/region/product_region.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "backends/region/lower.h"
#include "engine/base/hash.h"
#include "engine/graph/graph_builder.h"

namespace otium::region {

bool IsRegionProduct(Op op) {
  switch (op) {
    case Op::mm:
    case Op::addmm:
    case Op::bmm:
    case Op::baddbmm:
    case Op::matmul: return true;
    default: return false;
  }
}

namespace {

std::optional<NodeId> OnlyProduct(const Graph& body) {
  std::optional<NodeId> product;
  for (NodeId n = 0; n < body.num_nodes(); ++n) {
    if (!IsRegionProduct(body.op(n).id)) continue;
    if (product.has_value()) return std::nullopt;
    product = n;
  }
  return product;
}

// Not a matmul with a vector.
bool IsOfMatrices(const Graph& body, NodeId product) {
  return absl::c_all_of(body.operands(product), [&](ValueId v) {
    return v == kNoValue || !body.Is(product, Op::matmul) || body.type(v).rank() >= 2;
  });
}

// The rows of the matrix, `rows` of them, are what is reduced, and blocks of whole
// rows are good tiles.
bool ReducesFittingRows(const LoopProgram& program, int64_t rows) {
  const int last = program.rank() - 1;
  if (program.reduced_begin != last || !program.ByRows() ||
      program.results[0].map[last] != program.results[0].rank - 1) {
    return false;
  }
  const int64_t columns = program.ReducedSize();
  return columns <= kMaxReducedRow && (rows >= kManyRows || columns <= kShortRow);
}

std::optional<ProductRegion> Find(const Graph& body) {
  const std::optional<NodeId> product = OnlyProduct(body);
  if (!product.has_value() || body.outputs().size() != 1) return std::nullopt;
  if (!IsOfMatrices(body, *product)) return std::nullopt;
  const TensorType& type = body.type(body.result(*product));
  const TensorType& result = body.type(body.outputs()[0].value);
  if (!type.shape.IsStatic() || !(result.shape == type.shape) || result.dtype != type.dtype) {
    return std::nullopt;
  }

  ProductRegion region;
  region.product = *product;
  std::vector<int> input_of(body.num_values(), -1);
  for (size_t i = 0; i < body.inputs().size(); ++i) {
    input_of[body.inputs()[i].value] = static_cast<int>(i);
  }
  for (ValueId v : body.operands(*product)) {
    if (v != kNoValue && input_of[v] < 0) return std::nullopt;
    region.operands.push_back(v == kNoValue ? -1 : input_of[v]);
  }

  GraphBuilder rest(body.sources());
  std::vector<ValueId> values(body.num_values(), kNoValue), operands;
  values[body.result(*product)] = rest.AddInput("product", type);
  for (NodeId n = 0; n < body.num_nodes(); ++n) {
    if (n == *product || body.Is(n, Op::input)) continue;
    for (ValueId v : body.operands(n)) {
      if (v == kNoValue || values[v] != kNoValue || input_of[v] < 0) continue;
      values[v] = rest.AddInput(absl::StrCat("x", region.inputs.size()), body.type(v));
      region.inputs.push_back(input_of[v]);
    }
  }
  for (NodeId n = 0; n < body.num_nodes(); ++n) {
    if (n == *product || body.Is(n, Op::input)) continue;
    operands.clear();
    for (ValueId v : body.operands(n)) operands.push_back(v == kNoValue ? kNoValue : values[v]);
    const ValueId first = rest.Add(body.op(n), operands, body.attributes(n));
    for (int i = 0; i < body.num_results(n) && first != kNoValue; ++i) {
      values[body.result(n, i)] = first + static_cast<ValueId>(i);
    }
  }
  rest.AddOutput("y", values[body.outputs()[0].value]);
  const absl::StatusOr<Graph> graph = std::move(rest).Build();
  if (!graph.ok()) return std::nullopt;
  absl::StatusOr<LoopProgram> program = LowerRegion(*graph);
  if (!program.ok()) return std::nullopt;
  const int64_t rows = type.shape.sizes()[type.rank() - 2];
  if (program->has_reduction && !ReducesFittingRows(*program, rows)) return std::nullopt;
  // Element by element: the product is not read transposed.
  for (const Instruction& i : program->code) {
    if (i.kind == InstructionKind::kLoad && i.input == 0 && !(i.map == program->results[0].map)) {
      return std::nullopt;
    }
  }
  region.rest = *std::move(program);
  return region;
}

constexpr size_t kMostKept = 1024;

}  // namespace

std::shared_ptr<const ProductRegion> FindProductRegion(const Graph& body) {
  struct Found {
    std::mutex mutex;
    absl::flat_hash_map<Hash128, std::shared_ptr<const ProductRegion>> by_body;
  };
  static auto* const found = new Found;
  // Of all that bodies hold: their constants are numbers.
  const Hash128 key = body.fingerprint();
  {
    const std::lock_guard<std::mutex> lock(found->mutex);
    const auto it = found->by_body.find(key);
    if (it != found->by_body.end()) return it->second;
  }
  std::shared_ptr<const ProductRegion> region;
  if (std::optional<ProductRegion> r = Find(body)) {
    region = std::make_shared<const ProductRegion>(*std::move(r));
  }
  const std::lock_guard<std::mutex> lock(found->mutex);
  if (found->by_body.size() >= kMostKept) found->by_body.clear();
  found->by_body[key] = region;
  return region;
}

}  // namespace otium::region

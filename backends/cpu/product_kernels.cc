// SPDX-License-Identifier: Apache-2.0
//
// mv, addmv, mm, addmm (and their batches) as kernels: strides, conjugates and
// scale factors of a call, handed to the products of gemm.h and gemv.h as they
// are, without a copy.

#include "backends/cpu/gemm.h"
#include "backends/cpu/gemv.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/prepared_calls.h"
#include "backends/cpu/tape.h"
#include "backends/region/product_region.h"

namespace otium::cpu {
namespace {

// What does not change from run to run.
struct ProductState {
  int first = 0;  // The operand that is A; 1 when operand 0 is added.
  bool conjugate_a = false, conjugate_b = false;
  int rank = 0;  // Of the result.
  int rank_a = 0, rank_b = 0;
  // Per dimension of the result, the operand's dimension or -1 when it is
  // stretched along it.
  absl::InlinedVector<int, 4> input_dims;
  bool has_beta = false, has_alpha = false;
};

std::shared_ptr<ProductState> StateOf(const KernelCall& call) {
  auto state = std::make_shared<ProductState>();
  const bool adds = call.op.num_operand_params() > 2;
  state->first = adds ? 1 : 0;
  state->conjugate_a = call.operands[state->first].conjugated;
  state->conjugate_b = call.operands[state->first + 1].conjugated;
  state->rank = call.results[0].rank();
  state->rank_a = call.operands[state->first].rank();
  state->rank_b = call.operands[state->first + 1].rank();
  if (!adds) return state;
  const PhysicalType& input = call.operands[0];
  const int skip = state->rank - input.rank();
  for (int d = 0; d < state->rank; ++d) {
    const bool stretched =
        d < skip || (input.sizes[d - skip] == 1 && call.results[0].sizes[d] != 1);
    state->input_dims.push_back(stretched ? -1 : d - skip);
  }
  state->has_beta = call.Has(3);
  state->has_alpha = call.Has(4);
  return state;
}

int64_t InputStride(const ProductState& s, const View& input, int d) {
  return s.input_dims[d] < 0 ? 0 : input.strides[s.input_dims[d]];
}

// ---- operands as the products take them

template <class T>
VectorIn<T> VectorOf(const View& view, bool conjugate) {
  return {view.as<const T>(), view.strides[0], conjugate};
}

// The last two of `rank` dimensions.
template <class T>
MatrixIn<T> MatrixOf(const View& view, int rank, bool conjugate) {
  return {view.as<const T>(), view.strides[rank - 2], view.strides[rank - 1], conjugate};
}

template <class T>
MatrixOut<T> ResultMatrix(const View& view, int rank) {
  return {view.as<T>(), view.strides[rank - 2], view.strides[rank - 1]};
}

// What is added, and the factors: of the ops that add.
template <class T, class Args>
void ReadAdded(const ProductState& s, const LaunchArgs& args, Args* product) {
  if (s.first == 0) return;
  const View& input = args.operands[0];
  const T* const data = input.as<const T>();
  if constexpr (requires { product->c0; }) {
    product->c0 = {data, InputStride(s, input, s.rank - 2), InputStride(s, input, s.rank - 1)};
  } else {
    product->y0 = {data, InputStride(s, input, 0)};
  }
  auto factor = [&](int operand) {
    return static_cast<AccumulatorOf<T>>(*args.operands[operand].as<const T>());
  };
  product->beta = s.has_beta ? factor(3) : AccumulatorOf<T>(1);
  if (s.has_alpha) product->alpha = factor(4);
}

// ---- launches

template <class T>
void LaunchGemv(const LaunchArgs& args) {
  const auto& s = *static_cast<const ProductState*>(args.state);
  const View& a = args.operands[s.first];
  const View& y = args.results[0];
  GemvArgs<T> g;
  g.m = a.sizes[0];
  g.n = a.sizes[1];
  g.a = MatrixOf<T>(a, 2, s.conjugate_a);
  g.x = VectorOf<T>(args.operands[s.first + 1], s.conjugate_b);
  g.y = {y.as<T>(), y.strides[0]};
  ReadAdded<T>(s, args, &g);
  Gemv(g);
}

template <class T>
GemmArgs<T> MatrixArgs(const ProductState& s, const LaunchArgs& args) {
  const View& a = args.operands[s.first];
  const View& c = args.results[0];
  GemmArgs<T> g;
  g.m = c.sizes[s.rank - 2];
  g.n = c.sizes[s.rank - 1];
  g.k = a.sizes[s.rank_a - 1];
  g.a = MatrixOf<T>(a, s.rank_a, s.conjugate_a);
  g.b = MatrixOf<T>(args.operands[s.first + 1], s.rank_b, s.conjugate_b);
  g.c = ResultMatrix<T>(c, s.rank);
  ReadAdded<T>(s, args, &g);
  return g;
}

// `g`, of each item of the batch.
template <class T>
void RunProduct(const ProductState& s, const LaunchArgs& args, const GemmArgs<T>& g) {
  if (s.rank == 2) {
    Gemm(g);
    return;
  }
  const int batch = s.rank - 2;
  Sizes input_strides(batch, 0);
  if (s.first == 1) {
    for (int d = 0; d < batch; ++d) input_strides[d] = InputStride(s, args.operands[0], d);
  }
  // Operands of fewer or shorter batch dimensions repeat, by strides of zero.
  auto batch_strides = [&](const View& view, int rank) {
    Sizes strides(batch, 0);
    for (int d = batch - (rank - 2), from = 0; d < batch; ++d, ++from) {
      if (view.sizes[from] != 1) strides[d] = view.strides[from];
    }
    return strides;
  };
  BatchedGemm({absl::MakeConstSpan(args.results[0].sizes, batch),
               batch_strides(args.operands[s.first], s.rank_a),
               batch_strides(args.operands[s.first + 1], s.rank_b), input_strides,
               absl::MakeConstSpan(args.results[0].strides, batch)},
              g);
}

template <class T>
void LaunchGemm(const LaunchArgs& args) {
  const auto& s = *static_cast<const ProductState*>(args.state);
  RunProduct<T>(s, args, MatrixArgs<T>(s, args));
}

template <class T>
void LaunchDot(const LaunchArgs& args) {
  const auto& s = *static_cast<const ProductState*>(args.state);
  const View& a = args.operands[0];
  *args.results[0].as<T>() = static_cast<T>(Dot<T>(a.sizes[0], VectorOf<T>(a, s.conjugate_a),
                                                   VectorOf<T>(args.operands[1], s.conjugate_b)));
}

template <class T>
void LaunchGer(const LaunchArgs& args) {
  const auto& s = *static_cast<const ProductState*>(args.state);
  const View& x = args.operands[s.first];
  const View& y = args.operands[s.first + 1];
  GerArgs<T> g;
  g.m = x.sizes[0];
  g.n = y.sizes[0];
  g.x = VectorOf<T>(x, s.conjugate_a);
  g.y = VectorOf<T>(y, s.conjugate_b);
  g.c = ResultMatrix<T>(args.results[0], 2);
  ReadAdded<T>(s, args, &g);
  Ger(g);
}

// A product and what is done with its elements while a tile is in cache.
struct ProductRegionState {
  ProductState product;
  std::shared_ptr<const Tape> rest;
  std::vector<int> operands;  // Of the product: operands of the call, -1 for missing ones.
  std::vector<int> inputs;    // Of the tape, after the product.
};

template <class T>
void LaunchProductRegion(const LaunchArgs& args) {
  const auto& s = *static_cast<const ProductRegionState*>(args.state);
  absl::InlinedVector<View, 5> operands;
  for (int i : s.operands) operands.push_back(i < 0 ? View{} : args.operands[i]);
  absl::InlinedVector<View, 5> inputs = {View{}};
  for (int i : s.inputs) inputs.push_back(args.operands[i]);
  LaunchArgs product = args;
  product.operands = operands.data();
  GemmArgs<T> g = MatrixArgs<T>(s.product, product);
  inputs[0] = args.results[0];
  struct Context {
    const Tape& tape;
    const View* inputs;
    const View& result;
  } const context{*s.rest, inputs.data(), args.results[0]};
  g.epilogue.context = &context;
  g.epilogue.whole_rows = s.rest->program.has_reduction;
  g.epilogue.apply = [](const void* c, const GemmTile<T>& tile) {
    const auto& [tape, views, result] = *static_cast<const Context*>(c);
    RunTapeOnTile(tape, views, tile.data, tile.row_stride, tile.row, tile.column, tile.rows,
                  tile.columns);
  };
  g.epilogue.apply_items = [](const void* c, int64_t first, int64_t count) {
    const auto& [tape, views, result] = *static_cast<const Context*>(c);
    RunTapeOnMatrices(tape, views, result, first, count);
  };
  RunProduct<T>(s.product, product, g);
}

// The launch function for the call's dtype; bool has no kernel here.
template <template <class> class Launcher>
LaunchFn ForDType(DType dtype) {
  return DispatchDType(dtype, [](auto tag) -> LaunchFn {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, bool>) return nullptr;
    else return &Launcher<T>::Launch;
  });
}
template <class T>
struct GemvLauncher {
  static void Launch(const LaunchArgs& args) { LaunchGemv<T>(args); }
};
template <class T>
struct GemmLauncher {
  static void Launch(const LaunchArgs& args) { LaunchGemm<T>(args); }
};

template <class T>
struct ProductRegionLauncher {
  static void Launch(const LaunchArgs& args) {
    if constexpr (std::is_same_v<T, AccumulatorOf<T>>) LaunchProductRegion<T>(args);
  }
};
template <class T>
struct DotLauncher {
  static void Launch(const LaunchArgs& args) { LaunchDot<T>(args); }
};
template <class T>
struct GerLauncher {
  static void Launch(const LaunchArgs& args) { LaunchGer<T>(args); }
};

// Without a launch function when the region is none that begins with a product.
Prepared MakeProductRegion(const KernelCall& call) {
  const Graph& body = *call.attributes.Get<GraphPtr>("graph");
  const std::shared_ptr<const region::ProductRegion> region = region::FindProductRegion(body);
  if (region == nullptr || !call.results[0].IsContiguous()) return {};
  const absl::StatusOr<std::shared_ptr<const Tape>> rest = CompileTape(region->rest);
  if (!rest.ok()) return {};
  absl::InlinedVector<PhysicalType, 5> operands;
  for (int i : region->operands) {
    operands.push_back(i < 0 ? PhysicalType{.present = false} : call.operands[i]);
  }
  auto state = std::make_shared<ProductRegionState>();
  state->product = *StateOf({body.op(region->product), body.attributes(region->product), operands,
                             call.results, call.math});
  state->rest = *rest;
  state->operands = region->operands;
  state->inputs = region->inputs;
  return {ForDType<ProductRegionLauncher>(call.results[0].dtype), std::move(state), 0};
}

}  // namespace

bool IsMatrixProduct(const KernelCall& call) {
  return call.operands[0].rank() >= 2 && call.operands[1].rank() >= 2;
}

Prepared PrepareDot(const KernelCall& call) {
  std::shared_ptr<ProductState> state = StateOf(call);
  // vdot conjugates its first operand, once more than it is already.
  if (call.op.id == Op::vdot) state->conjugate_a = !state->conjugate_a;
  return {ForDType<DotLauncher>(call.results[0].dtype), std::move(state), 0};
}

Prepared PrepareGer(const KernelCall& call) {
  return {ForDType<GerLauncher>(call.results[0].dtype), StateOf(call), 0};
}

bool IsProductRegion(const KernelCall& call) {
  return PrepareProductRegion(call).launch != nullptr;
}

Prepared PrepareProductRegion(const KernelCall& call) {
  static auto* const prepared = new PreparedCalls(MakeProductRegion);
  return prepared->Get(call);
}

Prepared PrepareGemv(const KernelCall& call) {
  return {ForDType<GemvLauncher>(call.results[0].dtype), StateOf(call), 0};
}

Prepared PrepareGemm(const KernelCall& call) {
  return {ForDType<GemmLauncher>(call.results[0].dtype), StateOf(call), 0};
}

}  // namespace otium::cpu

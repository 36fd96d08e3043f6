// SPDX-License-Identifier: Apache-2.0
//
// Launching tapes, and the kernels made of them. What contiguous arrays allow is
// found out when a call is prepared, so that a small op costs little more than
// its loop.

#include "backends/cpu/tape.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "backends/cpu/parallel.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/prepared_calls.h"
#include "backends/cpu/tape_task.h"
#include "backends/region/interpret.h"
#include "backends/region/lower.h"
#include "engine/base/tensor.h"

namespace otium::cpu {
namespace {

using region::Level;

// The values of a launch, on the stack when they are few.
class UniformMemory {
 public:
  explicit UniformMemory(const Tape& tape)
      : large_(tape.uniform_bytes <= kSmallBytes ? 0 : tape.uniform_bytes),
        data_(tape.uniform_bytes <= kSmallBytes ? small_ : large_.data()) {}
  char* data() const { return data_; }

 private:
  static constexpr int64_t kSmallBytes = 8 * kSplatBytes;
  alignas(kSplatBytes) char small_[kSmallBytes];
  Scratch<char> large_;
  char* const data_;
};

void Run(const TapeLaunch& launch) {
  switch (launch.tape.mode) {
    case TapeMode::kPointwise: return RunPointwise(launch);
    case TapeMode::kPacked: return RunPacked(launch);
    case TapeMode::kLong: return RunLong(launch);
    case TapeMode::kColumns: return RunColumns(launch);
  }
}

void RunWithLayout(const Tape& tape, const TapeLayout& layout, const View* inputs,
                   const View* results) {
  UniformMemory uniforms(tape);
  ComputeUniforms(tape, inputs, uniforms.data());
  TapeLaunch launch{tape, layout, uniforms.data()};
  for (const TapeLoad& l : tape.loads) {
    launch.loads.push_back(static_cast<char*>(inputs[l.input].data));
  }
  for (const TapeStore& s : tape.stores) {
    launch.stores.push_back(static_cast<char*>(results[s.result].data));
  }
  Run(launch);
}

// With the layout of the planned strides. Inputs of a run may have others.
struct StridedState {
  std::shared_ptr<const Tape> tape;
  TapeLayout layout;
  absl::InlinedVector<Sizes, 4> inputs, results;  // Their strides; empty when missing.

  bool Matches(const LaunchArgs& args) const {
    auto same = [](const absl::InlinedVector<Sizes, 4>& planned, const View* views) {
      for (size_t i = 0; i < planned.size(); ++i) {
        if (!std::equal(planned[i].begin(), planned[i].end(), views[i].strides)) return false;
      }
      return true;
    };
    return same(inputs, args.operands) && same(results, args.results);
  }
};

void LaunchStrided(const LaunchArgs& args) {
  const auto& s = *static_cast<const StridedState*>(args.state);
  if (!s.Matches(args)) return RunTape(*s.tape, args.operands, args.results);
  RunWithLayout(*s.tape, s.layout, args.operands, args.results);
}

std::shared_ptr<StridedState> Strided(std::shared_ptr<const Tape> tape, const KernelCall& call) {
  auto state = std::make_shared<StridedState>();
  state->tape = std::move(tape);
  absl::InlinedVector<View, 4> inputs, results;
  for (const PhysicalType& p : call.operands) {
    state->inputs.push_back(p.strides);
    inputs.push_back({nullptr, p.sizes.data(), p.strides.data()});
  }
  for (const PhysicalType& p : call.results) {
    state->results.push_back(p.strides);
    results.push_back({nullptr, p.sizes.data(), p.strides.data()});
  }
  MakeLayout(*state->tape, inputs.data(), results.data(), state->tape->program.sizes,
             &state->layout);
  return state;
}

// Large results are written past the caches: that saves reading their lines first,
// which is a third of the traffic of a copy.
bool IsStreamed(const Tape& tape, const TapeStore& store) {
  return tape.kept * ItemSize(store.dtype) >= kStreamedBytes;
}

// What a call keeps whose arrays need no layout.
struct TapeState {
  std::shared_ptr<const Tape> tape;
};

// An array that is dense in the order of the loop.
struct FlatArray {
  Slot slot;
  int64_t item;
  char* data;
  char* At(int64_t i) const { return data + i * item; }
  // Of stores: not into the result, but into a buffer, and from there past the caches.
  int64_t buffer = 0;
  bool is_direct = true, is_streamed = false;
};

// From a register to element i of the result, n of them.
void CopyOut(const FlatArray& store, const char* from, int64_t i, int64_t n) {
  char* const to = store.At(i);
  const int64_t bytes = n * store.item;
  const bool aligned = (reinterpret_cast<uintptr_t>(to) | static_cast<uintptr_t>(bytes)) % 64 == 0;
  if (aligned && store.is_streamed) StreamCopy(from, to, bytes);
  else std::memcpy(to, from, bytes);
}

// Asks for n elements of an operand some tiles after element i. What leaves the caches
// came from memory, which would rest while a tile is computed: with the machine's own
// prefetching alone (a * b + a) / (b * b + 1) took 1.2 times as long.
void Prefetch(const FlatArray& load, int64_t i, int64_t n, int64_t tile) {
  constexpr int64_t kTilesAhead = 4, kLine = 64;
  const char* const from = load.At(i + kTilesAhead * tile);
  for (int64_t byte = 0; byte < n * load.item; byte += kLine) __builtin_prefetch(from + byte);
}

// A pointwise tape on arrays that are all dense in the same order: one long loop.
void LaunchFlat(const LaunchArgs& args) {
  const Tape& tape = *static_cast<const TapeState*>(args.state)->tape;
  UniformMemory uniforms(tape);
  ComputeUniforms(tape, args.operands, uniforms.data());
  static const TapeLayout* const no_layout = new TapeLayout;
  const TapeLaunch launch{tape, *no_layout, uniforms.data()};
  const TapePass& pass = tape.passes[0];
  absl::InlinedVector<FlatArray, 6> loads;
  for (uint16_t l : pass.loads) {
    const TapeLoad& load = tape.loads[l];
    loads.push_back(
        {load.slot, ItemSize(load.dtype), static_cast<char*>(args.operands[load.input].data)});
  }
  absl::InlinedVector<FlatArray, 2> stores;
  bool any_streamed = false;
  for (uint16_t s : pass.stores) {
    const TapeStore& store = tape.stores[s];
    const bool is_streamed = IsStreamed(tape, store);
    any_streamed |= is_streamed;
    stores.push_back({store.slot, ItemSize(store.dtype),
                      static_cast<char*>(args.results[store.result].data), store.buffer,
                      store.direct && !is_streamed, is_streamed});
  }
  const int64_t grain = std::max(TaskGrain(tape) / tape.tile, int64_t{1}) * tape.tile;
  ParallelForRanges(tape.kept, grain, [&](int64_t begin, int64_t end) {
    TapeTask task(launch);
    for (int64_t i = begin; i < end; i += tape.tile) {
      const int64_t n = std::min(tape.tile, end - i);
      for (const FlatArray& load : loads) task.slot(load.slot).data = load.At(i);
      for (const FlatArray& store : stores) {
        task.slot(store.slot).data = store.is_direct ? store.At(i) : task.memory() + store.buffer;
      }
      task.Run(pass.steps, n, 0);
      if (any_streamed) {
        for (const FlatArray& load : loads) Prefetch(load, i, n, tape.tile);
      }
      for (const FlatArray& store : stores) {
        if (!store.is_direct) CopyOut(store, task.memory() + store.buffer, i, n);
      }
    }
    FinishStreams();
  });
}

// The same for one step that reads operands only: its loop, called directly.
struct OneStepState {
  std::shared_ptr<const Tape> tape;  // Owns the constants.
  MapFn map = nullptr;
  int64_t n = 0;
  int64_t grain = 0;
  int64_t out_item = 0;
  struct Operand {
    const void* constant = nullptr;
    int32_t input = -1;
    int32_t item = 0;
    bool repeated = false;
  };
  Operand operands[3];
  int num_operands = 0;
};

template <bool kRepeats>
void LaunchOneStep(const LaunchArgs& args) {
  const auto& s = *static_cast<const OneStepState*>(args.state);
  MapOperand in[3];
  alignas(kSplatBytes) char splats[kRepeats ? 3 * kSplatBytes : 1];
  for (int k = 0; k < 3; ++k) {
    const OneStepState::Operand& o = s.operands[k];
    if (o.constant != nullptr) {
      in[k] = {o.constant, 0};
    } else if (o.input >= 0) {
      in[k] = {args.operands[o.input].data, -1};
      if (kRepeats && o.repeated) {
        Splat(in[k].data, o.item, splats + k * kSplatBytes);
        in[k] = {splats + k * kSplatBytes, 0};
      }
    }
  }
  char* const out = static_cast<char*>(args.results[0].data);
  if (s.n <= s.grain) return s.map(in, out, s.n);
  ParallelForRanges(s.n, s.grain, [&](int64_t begin, int64_t end) {
    MapOperand part[3];
    for (int k = 0; k < s.num_operands; ++k) {
      const char* data = static_cast<const char*>(in[k].data);
      part[k] = {data + (in[k].mask & (begin * s.operands[k].item)), in[k].mask};
    }
    s.map(part, out + begin * s.out_item, end - begin);
  });
}

// Dense, with the dimensions of the space in their order.
bool IsFlat(const region::IndexMap& map, const PhysicalType& type, int64_t elements) {
  if (!type.IsContiguous() || type.NumElements() != elements) return false;
  for (size_t d = 0; d < map.size(); ++d) {
    if (map[d] == region::kBroadcast || (d > 0 && map[d] <= map[d - 1])) return false;
  }
  return true;
}

bool IsFlatCall(const Tape& tape, const KernelCall& call) {
  if (tape.mode != TapeMode::kPointwise) return false;
  for (uint16_t l : tape.passes[0].loads) {
    const TapeLoad& load = tape.loads[l];
    if (!IsFlat(load.map, call.operands[load.input], tape.kept)) return false;
  }
  for (const TapeStore& s : tape.stores) {
    if (!IsFlat(s.map, call.results[s.result], tape.kept)) return false;
  }
  return true;
}

// Empty when the tape is more than one step on operands.
std::shared_ptr<OneStepState> OneStep(const std::shared_ptr<const Tape>& tape) {
  const TapePass& pass = tape->passes[0];
  if (pass.steps.size() != 1 || tape->stores.size() != 1 || !tape->stores[0].direct ||
      !tape->uniform_steps.empty() || IsStreamed(*tape, tape->stores[0])) {
    return nullptr;
  }
  auto state = std::make_shared<OneStepState>();
  state->tape = tape;
  state->map = pass.steps[0].map;
  state->n = tape->kept;
  state->grain = TaskGrain(*tape);
  state->out_item = ItemSize(tape->stores[0].dtype);
  for (int k = 0; k < 3; ++k) {
    const Slot slot = pass.steps[0].in[k];
    if (slot == kNoSlot) continue;
    state->num_operands = k + 1;
    const SlotStart& start = tape->slots[slot];
    OneStepState::Operand& o = state->operands[k];
    if (start.area == SlotStart::kConstants) {
      o.constant = tape->constants + start.offset;
      continue;
    }
    for (const TapeLoad& load : tape->loads) {
      if (load.slot != slot) continue;
      o.input = load.input;
      o.item = static_cast<int32_t>(ItemSize(load.dtype));
      o.repeated = load.level == Level::kUniform;
    }
  }
  return state;
}

// For what no vector loop exists: the interpreter, which is slow and complete.
struct InterpretedState {
  region::LoopProgram program;
};
void LaunchInterpreted(const LaunchArgs& args) {
  const auto& program = static_cast<const InterpretedState*>(args.state)->program;
  region::Interpret(program, {args.operands, program.inputs.size()},
                    {args.results, program.results.size()});
}

absl::StatusOr<region::LoopProgram> Lower(const KernelCall& call) {
  if (call.op.id == Op::fused) return region::LowerRegion(*call.attributes.Get<GraphPtr>("graph"));
  absl::InlinedVector<TensorType, 3> types;
  for (const PhysicalType& p : call.operands) {
    types.push_back(TensorType(p.dtype, Shape(absl::MakeConstSpan(p.sizes))));
  }
  absl::InlinedVector<const TensorType*, 3> operands;
  for (size_t i = 0; i < call.operands.size(); ++i) {
    operands.push_back(call.Has(i) ? &types[i] : nullptr);
  }
  absl::InlinedVector<TensorType, 2> results;
  for (const PhysicalType& p : call.results) {
    results.push_back(TensorType(p.dtype, Shape(absl::MakeConstSpan(p.sizes))));
  }
  return region::LowerOp(call.op, call.attributes, operands, results);
}

}  // namespace

void RunTape(const Tape& tape, const View* inputs, const View* results) {
  TapeLayout layout;
  MakeLayout(tape, inputs, results, tape.program.sizes, &layout);
  RunWithLayout(tape, layout, inputs, results);
}

void RunTapeOnTile(const Tape& tape, const View* inputs, void* tile, int64_t ld, int64_t row,
                   int64_t column, int64_t rows, int64_t columns) {
  // A product of one element is a value of the launch.
  absl::InlinedVector<View, 6> views(inputs, inputs + tape.program.inputs.size());
  views[0].data = tile;
  UniformMemory uniforms(tape);
  ComputeUniforms(tape, views.data(), uniforms.data());
  TapeLayout layout;
  TapeLaunch launch{tape, layout, uniforms.data()};
  layout.rows.rank = layout.columns.rank = 1;
  layout.rows.count = layout.rows.sizes[0] = rows;
  layout.columns.count = layout.columns.sizes[0] = columns;
  // The dimensions of the space are those of the result that are longer than 1.
  const region::IndexMap& result = tape.stores[0].map;
  const int rank = tape.program.results[0].rank;
  int64_t rows_of_matrix = 1;
  for (size_t d = 0; d < result.size(); ++d) {
    if (result[d] == rank - 2) rows_of_matrix = tape.program.sizes[d];
  }
  const int64_t row_in_matrix = row % rows_of_matrix;
  // Strides along rows and columns, and the offset of the tile, in elements.
  auto place = [&](const int64_t* strides, const region::IndexMap& map, TapeArray* a) {
    a->rows[0] = a->columns[0] = 0;
    int64_t offset = 0, matrix = row / rows_of_matrix;
    for (size_t d = result.size(); d-- > 0;) {
      const int64_t stride = map[d] == region::kBroadcast ? 0 : strides[map[d]];
      if (result[d] == rank - 1) {
        a->columns[0] = stride;
        offset += column * stride;
      } else if (result[d] == rank - 2) {
        a->rows[0] = stride;
        offset += row_in_matrix * stride;
      } else {
        offset += matrix % tape.program.sizes[d] * stride;
        matrix /= tape.program.sizes[d];
      }
    }
    return offset;
  };
  for (const TapeLoad& load : tape.loads) {
    TapeArray& a = layout.loads.emplace_back();
    a.item = ItemSize(load.dtype);
    if (load.input == 0) {
      a.rows[0] = ld;
      a.columns[0] = 1;
      launch.loads.push_back(static_cast<char*>(tile));
    } else {
      const int64_t offset = place(inputs[load.input].strides, load.map, &a);
      launch.loads.push_back(static_cast<char*>(inputs[load.input].data) + offset * a.item);
    }
  }
  TapeArray& out = layout.stores.emplace_back();
  out.item = ItemSize(tape.stores[0].dtype);
  out.rows[0] = ld;
  out.columns[0] = 1;
  launch.stores.push_back(static_cast<char*>(tile));
  launch.parallel = false;
  Run(launch);
}

namespace {

// Runs a tape, on this thread, on the part of its space that begins at `begin`.
void RunOnPart(const Tape& tape, const View* inputs, const View* results, const char* uniforms,
               absl::Span<const int64_t> begin, absl::Span<const int64_t> sizes) {
  TapeLayout layout;
  MakeLayout(tape, inputs, results, sizes, &layout);
  TapeLaunch launch{tape, layout, uniforms};
  auto start = [&](const View& view, const region::IndexMap& map, DType dtype) {
    int64_t offset = 0;
    for (size_t d = 0; d < begin.size(); ++d) {
      if (map[d] != region::kBroadcast) offset += begin[d] * view.strides[map[d]];
    }
    return static_cast<char*>(view.data) + offset * ItemSize(dtype);
  };
  for (const TapeLoad& l : tape.loads) {
    launch.loads.push_back(start(inputs[l.input], l.map, l.dtype));
  }
  for (const TapeStore& s : tape.stores) {
    launch.stores.push_back(start(results[s.result], s.map, s.dtype));
  }
  launch.parallel = false;
  Run(launch);
}

}  // namespace

void RunTapeOnMatrices(const Tape& tape, const View* inputs, const View& result, int64_t first,
                       int64_t count) {
  UniformMemory uniforms(tape);
  ComputeUniforms(tape, inputs, uniforms.data());
  // The dimensions of the space that the batch has, outermost first.
  const region::IndexMap& map = tape.stores[0].map;
  absl::InlinedVector<size_t, 4> batch;
  for (size_t d = 0; d < map.size(); ++d) {
    if (map[d] < tape.program.results[0].rank - 2) batch.push_back(d);
  }
  Sizes begin(map.size(), 0);
  while (count > 0) {
    // As many inner dimensions as are needed whole, and a range of the next one.
    Sizes sizes(tape.program.sizes.begin(), tape.program.sizes.end());
    int64_t matrices = 1, index = first;
    bool is_whole = true;
    for (size_t i = batch.size(); i-- > 0;) {
      const size_t d = batch[i];
      const int64_t size = tape.program.sizes[d];
      begin[d] = index % size;
      index /= size;
      if (is_whole && (begin[d] != 0 || count < matrices * size)) {
        is_whole = false;
        sizes[d] = std::min(count / matrices, size - begin[d]);
        matrices *= sizes[d];
      } else if (is_whole) {
        matrices *= size;
      } else {
        sizes[d] = 1;
      }
    }
    RunOnPart(tape, inputs, &result, uniforms.data(), begin, sizes);
    first += matrices;
    count -= matrices;
  }
}

namespace {

Prepared Prepare(const KernelCall& call) {
  absl::StatusOr<region::LoopProgram> program = Lower(call);
  if (!program.ok()) return {};
  absl::StatusOr<std::shared_ptr<const Tape>> tape = CompileTape(*program);
  if (!tape.ok()) {
    auto state = std::make_shared<InterpretedState>();
    state->program = *std::move(program);
    return {LaunchInterpreted, std::move(state), 0};
  }
  if (IsFlatCall(**tape, call)) {
    if (std::shared_ptr<OneStepState> one = OneStep(*tape)) {
      const bool repeats = std::any_of(one->operands, one->operands + 3,
                                       [](const OneStepState::Operand& o) { return o.repeated; });
      return {repeats ? LaunchOneStep<true> : LaunchOneStep<false>, std::move(one), 0};
    }
    return {LaunchFlat, std::make_shared<TapeState>(TapeState{*std::move(tape)}), 0};
  }
  return {LaunchStrided, Strided(*std::move(tape), call), 0};
}

}  // namespace

Prepared PrepareTape(const KernelCall& call) {
  static auto* const prepared = new PreparedCalls(Prepare);
  return prepared->Get(call);
}

bool AcceptsTape(const KernelCall& call) {
  for (const PhysicalType& p : call.operands) {
    if (p.present && !p.IsPlain()) return false;
  }
  for (const PhysicalType& p : call.results) {
    if (!p.IsPlain()) return false;
  }
  // Whether the others are loops is known from the op alone.
  if (call.op.id != Op::fused && call.op.id != Op::norm) return true;
  return PrepareTape(call).launch != nullptr;
}

}  // namespace otium::cpu

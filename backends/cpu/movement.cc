// SPDX-License-Identifier: Apache-2.0
//
// tril, triu, eye, diag, block_diag and roll: which runs their rows consist of.
// See rows.h.

#include <memory>
#include <utility>
#include <vector>

#include "backends/cpu/prepare.h"
#include "backends/cpu/rows.h"
#include "ops/infer.h"
#include "ops/shape_rules.h"

namespace otium::cpu {
namespace {

RowSource SourceOf(int64_t column_stride) {
  return column_stride == 1 ? RowSource::kDense : RowSource::kStrided;
}

// Of tril, triu, eye and diag.
struct MovementState {
  Op op = Op::tril;
  DType dtype = DType::kF32;
  Sizes sizes;
  int64_t diagonal = 0;
};

std::shared_ptr<MovementState> NewState(const KernelCall& call) {
  auto state = std::make_shared<MovementState>();
  state->op = call.op.id;
  state->dtype = call.results[0].dtype;
  state->sizes = call.results[0].sizes;
  return state;
}

// ---- tril, triu

void LaunchTriangle(const LaunchArgs& args) {
  const auto& s = *static_cast<const MovementState*>(args.state);
  const View& x = args.operands[0];
  const int64_t n = s.sizes.back(), stride = x.strides[s.sizes.size() - 1];
  DispatchItem(s.dtype, [&]<class E>(E) {
    WriteRows<E>(args.results[0].data, s.sizes, SourceOf(stride), [&](auto index, auto& out) {
      const E* row = x.as<const E>() + OffsetOf(index, x.strides);
      const int64_t i = index.back();
      if (s.op == Op::tril) {
        const int64_t keep = std::clamp<int64_t>(i + s.diagonal + 1, 0, n);
        out.Copy(keep, row, stride);
        out.Zero(n - keep);
      } else {
        const int64_t skip = std::clamp<int64_t>(i + s.diagonal, 0, n);
        out.Zero(skip);
        out.Copy(n - skip, row + skip * stride, stride);
      }
    });
  });
}

// ---- eye, diag

// Zeros but for element (i, i + diagonal) of row i, which is from[i * stride]; the
// first of them belongs to the first row that has one.
template <class E>
void WriteDiagonal(const LaunchArgs& args, const MovementState& s, const E* from, int64_t stride) {
  const int64_t n = s.sizes[1], skipped = std::max<int64_t>(-s.diagonal, 0);
  WriteRows<E>(args.results[0].data, s.sizes, RowSource::kDense, [&](auto index, auto& out) {
    const int64_t i = index[0], column = i + s.diagonal;
    if (column < 0 || column >= n) return out.Zero(n);
    out.Zero(column);
    out.Copy(1, from + (i - skipped) * stride, 1);
    out.Zero(n - column - 1);
  });
}

void LaunchEye(const LaunchArgs& args) {
  const auto& s = *static_cast<const MovementState*>(args.state);
  alignas(16) unsigned char one[16] = {};
  DispatchDType(s.dtype, [&]<class Tag>(Tag) {
    const auto value = static_cast<typename Tag::type>(1.0f);
    std::memcpy(one, &value, sizeof(value));
  });
  DispatchItem(s.dtype, [&]<class E>(E) {
    E bits;
    std::memcpy(&bits, one, sizeof(bits));
    WriteDiagonal<E>(args, s, &bits, 0);
  });
}

void LaunchDiag(const LaunchArgs& args) {
  const auto& s = *static_cast<const MovementState*>(args.state);
  const View& x = args.operands[0];
  DispatchItem(s.dtype, [&]<class E>(E) {
    if (s.sizes.size() == 2) return WriteDiagonal(args, s, x.as<const E>(), x.strides[0]);
    const E* first = x.as<const E>() + std::max<int64_t>(-s.diagonal, 0) * x.strides[0] +
                     std::max<int64_t>(s.diagonal, 0) * x.strides[1];
    WriteRows<E>(args.results[0].data, s.sizes, RowSource::kStrided, [&](auto, auto& out) {
      out.Copy(s.sizes[0], first, x.strides[0] + x.strides[1]);
    });
  });
}

// ---- block_diag

struct Block {
  int64_t end_row = 0;
  int64_t begin_column = 0;
  int64_t rows = 1, columns = 1;
  int rank = 0;
};
struct BlockDiagState {
  DType dtype = DType::kF32;
  Sizes sizes;
  std::vector<Block> blocks;
};

void LaunchBlockDiag(const LaunchArgs& args) {
  const auto& s = *static_cast<const BlockDiagState*>(args.state);
  RowSource source = RowSource::kDense;
  for (size_t b = 0; b < s.blocks.size(); ++b) {
    const int rank = s.blocks[b].rank;
    if (rank > 0 && args.operands[b].strides[rank - 1] != 1) source = RowSource::kStrided;
  }
  DispatchItem(s.dtype, [&]<class E>(E) {
    WriteRows<E>(args.results[0].data, s.sizes, source, [&](auto index, auto& out) {
      const int64_t i = index[0];
      const auto block =
          std::upper_bound(s.blocks.begin(), s.blocks.end(), i,
                           [](int64_t row, const Block& b) { return row < b.end_row; });
      const View& x = args.operands[block - s.blocks.begin()];
      const int64_t row_stride = block->rank == 2 ? x.strides[0] : 0;
      const int64_t stride = block->rank == 0 ? 0 : x.strides[block->rank - 1];
      out.Zero(block->begin_column);
      out.Copy(block->columns, x.as<const E>() + (i - block->end_row + block->rows) * row_stride,
               stride);
      out.Zero(s.sizes[1] - block->begin_column - block->columns);
    });
  });
}

// ---- roll

struct RollState {
  DType dtype = DType::kF32;
  Sizes sizes;
  bool is_flat = false;
  Sizes shifts;  // In [0, size); one when flat.
};

// Dimensions that stand still at the end are one dimension when they lie so.
void MergeTrailing(const View& x, const RollState& s, Sizes* sizes, int64_t* stride) {
  size_t d = sizes->size() - 1;
  *stride = x.strides[d];
  while (d > 0 && s.shifts[d] == 0 && s.shifts[d - 1] == 0 &&
         x.strides[d - 1] == sizes->back() * *stride) {
    const int64_t merged = sizes->back();
    sizes->pop_back();
    sizes->back() *= merged;
    --d;
  }
}

void LaunchRollDims(const LaunchArgs& args, const RollState& s) {
  const View& x = args.operands[0];
  Sizes sizes = s.sizes;
  int64_t stride = 0;
  if (!sizes.empty()) MergeTrailing(x, s, &sizes, &stride);
  const int64_t n = sizes.empty() ? 1 : sizes.back();
  // Of merged dimensions the shifts are 0 all.
  const int64_t shift = sizes.empty() ? 0 : s.shifts[sizes.size() - 1];
  DispatchItem(s.dtype, [&]<class E>(E) {
    WriteRows<E>(args.results[0].data, sizes, SourceOf(stride), [&](auto index, auto& out) {
      const E* row = x.as<const E>();
      for (size_t d = 0; d < index.size(); ++d) {
        const int64_t i = index[d] - s.shifts[d];
        row += (i < 0 ? i + sizes[d] : i) * x.strides[d];
      }
      out.Copy(shift, row + (n - shift) * stride, stride);
      out.Copy(n - shift, row, stride);
    });
  });
}

// A row of the result is the end of one row of x and the beginning of the next.
void LaunchRollFlat(const LaunchArgs& args, const RollState& s) {
  const View& x = args.operands[0];
  const size_t rank = s.sizes.size();
  const int64_t n = rank == 0 ? 1 : s.sizes[rank - 1], stride = rank == 0 ? 1 : x.strides[rank - 1];
  if (n == 0) return;
  const auto outer = absl::MakeConstSpan(s.sizes).first(rank == 0 ? 0 : rank - 1);
  int64_t rows = 1;
  for (int64_t size : outer) rows *= size;
  const int64_t down = s.shifts[0] / n, right = s.shifts[0] % n;
  DispatchItem(s.dtype, [&]<class E>(E) {
    auto source = [&](int64_t row) {  // Row `row`, counted around the end.
      int64_t rest = row < 0 ? row + rows : row, offset = 0;
      for (size_t d = outer.size(); d-- > 0; rest /= outer[d]) {
        offset += rest % outer[d] * x.strides[d];
      }
      return x.as<const E>() + offset;
    };
    WriteRows<E>(args.results[0].data, s.sizes, SourceOf(stride), [&](auto index, auto& out) {
      int64_t row = 0;
      for (size_t d = 0; d < index.size(); ++d) row = row * outer[d] + index[d];
      // down < rows, or it is 0 and so is right: row - down - 1 >= -rows.
      if (right > 0) out.Copy(right, source(row - down - 1) + (n - right) * stride, stride);
      out.Copy(n - right, source(row - down), stride);
    });
  });
}

void LaunchRoll(const LaunchArgs& args) {
  const auto& s = *static_cast<const RollState*>(args.state);
  if (s.is_flat) LaunchRollFlat(args, s);
  else LaunchRollDims(args, s);
}

int64_t Around(int64_t shift, int64_t size) { return size == 0 ? 0 : (shift % size + size) % size; }

}  // namespace

Prepared PrepareTriangle(const KernelCall& call) {
  auto state = NewState(call);
  state->diagonal = call.attributes.Get<int64_t>("diagonal");
  return {LaunchTriangle, std::move(state), 0};
}

Prepared PrepareEye(const KernelCall& call) { return {LaunchEye, NewState(call), 0}; }

Prepared PrepareDiag(const KernelCall& call) {
  auto state = NewState(call);
  state->diagonal = call.attributes.Get<int64_t>("diagonal");
  return {LaunchDiag, std::move(state), 0};
}

Prepared PrepareBlockDiag(const KernelCall& call) {
  auto state = std::make_shared<BlockDiagState>();
  state->dtype = call.results[0].dtype;
  state->sizes = call.results[0].sizes;
  int64_t row = 0, column = 0;
  for (const PhysicalType& p : call.operands) {
    Block b;
    b.rank = p.rank();
    b.begin_column = column;
    if (b.rank == 2) b.rows = p.sizes[0];
    if (b.rank > 0) b.columns = p.sizes[b.rank - 1];
    row += b.rows;
    column += b.columns;
    b.end_row = row;
    state->blocks.push_back(b);
  }
  return {LaunchBlockDiag, std::move(state), 0};
}

Prepared PrepareRoll(const KernelCall& call) {
  auto state = std::make_shared<RollState>();
  state->dtype = call.results[0].dtype;
  state->sizes = call.results[0].sizes;
  state->is_flat = call.attributes.Find<Ints>("dims") == nullptr;
  if (state->is_flat) {
    state->shifts = {Around(call.attributes.Get<Ints>("shifts")[0], call.results[0].NumElements())};
  } else {
    const std::vector<int64_t> shifts = *RollShifts(call.attributes, call.operands[0].rank());
    for (size_t d = 0; d < shifts.size(); ++d) {
      state->shifts.push_back(Around(shifts[d], state->sizes[d]));
    }
  }
  return {LaunchRoll, std::move(state), 0};
}

}  // namespace otium::cpu

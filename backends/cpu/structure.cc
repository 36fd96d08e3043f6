// SPDX-License-Identifier: Apache-2.0
//
// The check of declared structure, for bands and symmetry: whether all of it holds, in vectors and
// on all threads. Where it does not, or is not that plain, the reference kernel looks for what does
// not hold, and where.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "backends/cpu/lapack.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/panel_kernel.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/scalar.h"
#include "backends/cpu/structure_kernel.h"
#include "backends/reference/reference.h"
#include "backends/reference/structure.h"

namespace otium::cpu {
namespace {

// Rows of a task, and of the tiles that are compared with those across the diagonal.
constexpr int64_t kTile = 64;

struct StructureState {
  PhysicalType A;
  Structure facts;
  MatrixBatch batch;
  Prepared reference;
};

template <class T>
class Check {
 public:
  using R = Real<T>;
  Check(const Structure& facts, const Matrix<const T>& A)
      : facts_(facts),
        is_transposed_(A.column_stride != 1 && A.row_stride == 1),
        A_(is_transposed_ ? A.Transposed() : A),
        lower_(is_transposed_ ? facts.upper : facts.lower),
        upper_(is_transposed_ ? facts.lower : facts.upper) {
    // Below every diagonal.
    if (facts.Has(kZero)) lower_ = -std::max(A_.rows, A_.columns);
  }

  // False also when that is not known.
  bool Holds() const {
    if (A_.column_stride != 1 && A_.columns > 1) return false;
    return BandsHold() && (!facts_.Has(kUnitDiagonal) || UnitDiagonalHolds()) &&
           (!facts_.Has(kSymmetric) || SymmetryHolds(/*hermitian=*/false)) &&
           (!kIsComplex<T> || !facts_.Has(kHermitian) || SymmetryHolds(/*hermitian=*/true));
  }

 private:
  static constexpr int64_t kParts = kIsComplex<T> ? 2 : 1;
  static const R* Parts(const T* x) { return reinterpret_cast<const R*>(x); }

  bool BandsHold() const {
    if (lower_ == kFullBand && upper_ == kFullBand) return true;
    std::atomic<bool> holds{true};
    ParallelForRanges(A_.rows, kTile, [&](int64_t begin, int64_t end) {
      const auto all_zero = [](const T* x, int64_t n) {
        return BestStructureKernels<R>().all_zero(Parts(x), kParts * n);
      };
      for (int64_t i = begin; i < end && holds; ++i) {
        const T* const row = &A_(i, 0);
        const int64_t below =
            lower_ == kFullBand ? 0 : std::clamp<int64_t>(i - lower_, 0, A_.columns);
        const int64_t above =
            upper_ == kFullBand ? A_.columns : std::clamp<int64_t>(i + upper_ + 1, 0, A_.columns);
        if (!all_zero(row, below) || !all_zero(row + above, A_.columns - above)) holds = false;
      }
    });
    return holds;
  }

  bool UnitDiagonalHolds() const {
    for (int64_t i = 0; i < std::min(A_.rows, A_.columns); ++i) {
      if (A_(i, i) != T(1)) return false;
    }
    return true;
  }

  // The difference that is allowed depends on the largest element.
  bool SymmetryHolds(bool hermitian) const {
    const int64_t n = A_.rows, tiles = CeilDiv(n, kTile);
    std::vector<RowDifference<R>> of_tiles(tiles);
    ParallelFor(tiles,
                [&](int64_t tile) { of_tiles[tile] = CompareRowOfTiles(tile * kTile, hermitian); });
    RowDifference<R> all;
    for (const RowDifference<R>& r : of_tiles) Join(r, &all);
    // Less, because the difference is rounded, and one of parts.
    const double share = kIsComplex<T> ? 0.7 : 0.99;
    const double allowed = share * kSymmetryFactor * std::numeric_limits<R>::epsilon();
    return std::isfinite(all.magnitude) && all.difference <= allowed * all.magnitude;
  }

  // Of the rows from `row` on, up to the diagonal.
  RowDifference<R> CompareRowOfTiles(int64_t row, bool hermitian) const {
    alignas(64) T across[kTile * kTile];
    const int64_t rows = std::min(kTile, A_.rows - row);
    RowDifference<R> all;
    for (int64_t column = 0; column <= row; column += kTile) {
      const int64_t columns = std::min(kTile, A_.rows - column);
      BestPanelKernels<T>().transpose(columns, rows, &A_(column, row), A_.row_stride, across,
                                      kTile);
      for (int64_t i = 0; i < rows; ++i) {
        T* const opposite = across + i * kTile;
        // Imaginary parts of a hermitian diagonal are not read.
        if (hermitian && column == row) opposite[i] = Conjugate(A_(row + i, row + i));
        Join(BestStructureKernels<R>().compare(Parts(&A_(row + i, column)), Parts(opposite),
                                               kParts * columns, hermitian),
             &all);
      }
    }
    return all;
  }

  static void Join(const RowDifference<R>& r, RowDifference<R>* all) {
    if (!(r.magnitude <= all->magnitude)) all->magnitude = r.magnitude;
    if (std::isnan(r.magnitude)) all->difference = std::numeric_limits<R>::infinity();
    all->difference = std::max(all->difference, r.difference);
  }

  const Structure& facts_;
  const bool is_transposed_;
  const Matrix<const T> A_;
  int64_t lower_, upper_;
};

template <class T>
struct StructureLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const StructureState*>(args.state);
    std::atomic<bool> holds{true};
    RunBatch(s.batch, args, [&](Range matrices, char*, StepInfo*) {
      for (int64_t p = matrices.begin; p < matrices.end && holds; ++p) {
        const auto A = MatrixOf<const T>(s.batch, s.A, args.operands[0], p);
        if (!Check<T>(s.facts, A).Holds()) holds = false;
      }
    });
    if (holds) return;
    LaunchArgs again = args;
    again.state = s.reference.state.get();
    s.reference.launch(again);
  }
};

const Kernel& ReferenceKernel(Op op) {
  const absl::Span<const Kernel> all = ReferenceBackend().kernels();
  return *std::find_if(all.begin(), all.end(), [&](const Kernel& k) { return k.op == op; });
}

}  // namespace

bool IsCheckedByRows(const KernelCall& call) {
  const Structure& facts = call.attributes.Get<Structure>("structure");
  const Sizes& sizes = call.operands[0].sizes;
  if (sizes.size() < 2 || facts.Has(kPermutation) || facts.Has(kOrthonormalColumns)) return false;
  return !facts.Has(kFullColumnRank) || sizes[sizes.size() - 2] >= sizes.back();
}

Prepared PrepareStructure(const KernelCall& call) {
  auto s = std::make_shared<StructureState>();
  s->A = call.operands[0];
  s->facts = call.attributes.Get<Structure>("structure");
  const absl::Span<const int64_t> sizes = s->A.sizes;
  const double elements =
      static_cast<double>(sizes[sizes.size() - 2]) * static_cast<double>(sizes.back());
  s->batch = MatrixBatch(sizes.first(sizes.size() - 2), elements, 0);
  s->reference = ReferenceKernel(call.op.id).prepare(call);
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<StructureLauncher>(s->A.dtype), std::move(s), bytes};
}

}  // namespace otium::cpu

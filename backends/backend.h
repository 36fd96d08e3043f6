// SPDX-License-Identifier: Apache-2.0
//
// What the engine knows of a backend. A backend is a device and a list of
// kernels; a kernel is one line in its kernels.inc: which op, which dtypes, an
// `accepts` predicate over the planned call, and `prepare`, which decides at plan
// time everything that can be decided and gives back a function to launch.
//
//   plan time:  kernel.accepts(call) -> kernel.prepare(call) -> Prepared
//   run time:   prepared.launch({state, operands, results, workspace, ...})
//
// Launch returns nothing, allocates nothing and fails only by writing its info.

#ifndef OTIUM_BACKENDS_BACKEND_H_
#define OTIUM_BACKENDS_BACKEND_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/device.h"
#include "engine/base/dtype.h"
#include "engine/base/export.h"
#include "engine/base/shape.h"
#include "engine/base/structure.h"
#include "engine/graph/attributes.h"
#include "ops/op.h"

namespace otium {

// What may be lost for speed; see engine/optimize/README.md.
enum class MathMode : uint8_t { kStrict, kStandard, kFast };

// Which triangle of a symmetric or triangular operand is in memory.
enum class Stored : uint8_t { kFull, kLower, kUpper };

// An operand or result as it will lie in memory. Strides are in elements. For
// data that the caller passes in, a later run may bring other strides of the
// same signature (StrideSignature): a kernel may rely at plan time on which
// strides are 0, 1, negative, and on their order, and must read their values
// from the View at launch.
struct OTIUM_EXPORT PhysicalType {
  bool present = true;  // False for an optional operand that is missing.
  DType dtype = DType::kF32;
  Sizes sizes;
  Sizes strides;
  Structure structure;
  bool conjugated = false;  // The elements are the conjugates of what memory holds.
  Stored stored = Stored::kFull;

  int rank() const { return static_cast<int>(sizes.size()); }
  int64_t NumElements() const {
    int64_t n = 1;
    for (int64_t s : sizes) n *= s;
    return n;
  }
  bool IsContiguous() const;
  // Unit stride along the last (second to last) dimension, or that size is <= 1.
  bool HasUnitColumnStride() const;
  bool HasUnitRowStride() const;
  bool IsPlain() const { return !conjugated && stored == Stored::kFull; }
};

// Equal for strides that every kernel may treat alike: per dimension zero, one,
// other or negative; dense; ordered by rows or by columns without overlap.
uint64_t StrideSignature(absl::Span<const int64_t> sizes, absl::Span<const int64_t> strides);

// Strides of the signature of these that say nothing else: padded, so that no two
// dimensions happen to fit together, and no view is dense that is not so for all of the
// signature. Dense ones are those of a dense array; along sizes of 1 they are no matter.
// Plans are made for them, and kept by them: strides for which there are none but
// themselves (overlapping ones by columns) have plans of their own.
Sizes TypicalStrides(absl::Span<const int64_t> sizes, absl::Span<const int64_t> strides);

// One application of an op to physical operands, as the planner sees it. The
// memory of a result with a size that is data holds the most it can be.
struct KernelCall {
  const OpDef& op;
  const Attributes& attributes;
  absl::Span<const PhysicalType> operands;
  absl::Span<const PhysicalType> results;
  MathMode math = MathMode::kStandard;

  bool Has(size_t i) const { return i < operands.size() && operands[i].present; }
};

// Where an operand or result is in this run.
struct View {
  void* data = nullptr;
  const int64_t* sizes = nullptr;
  const int64_t* strides = nullptr;

  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
};

// What a fallible step, or one with a size that is data, tells the executor.
struct StepInfo {
  // 0: fine. What other codes mean is the op's (see OpDef::failure).
  int64_t code = 0;
  int64_t batch = 0;  // The failing batch element.
  int64_t index = 0;  // Of an element in its matrix, where the op says so.
  int64_t count = 0;  // The size that was data.
  // The least reciprocal condition number (norm 1) of the matrices of a system or inverse,
  // and which it is of; -1 where it was not asked for, or there is none.
  double rcond = -1;
  int64_t rcond_batch = 0;
};

struct LaunchArgs {
  const void* state = nullptr;
  const View* operands = nullptr;  // data is null for missing operands.
  const View* results = nullptr;
  void* workspace = nullptr;  // 64-byte aligned, Prepared::workspace_bytes long.
  StepInfo* info = nullptr;   // As it is made.
  uint64_t seed = 0;          // Of the run, for random ops.
  bool wants_rcond = false;   // See StepInfo::rcond.
};
using LaunchFn = void (*)(const LaunchArgs& args);

struct Prepared {
  LaunchFn launch = nullptr;
  std::shared_ptr<const void> state;  // Immutable: runs share it.
  int64_t workspace_bytes = 0;
};

// How near a kernel comes to the device's peak; the cost model has a curve of
// size for each.
enum class Efficiency : uint8_t {
  kReference,  // plain loops
  kStreaming,  // bound by memory: pointwise, level 1 and 2, copies
  kLevel3,     // blocked matrix products
  kFactor,     // LAPACK
};

struct Kernel {
  absl::string_view name;  // "cpu.gemm"
  Op op;
  // Bit d is set when operands of that dtype (of the first promoted operand, else
  // of the first result) are accepted.
  uint32_t dtypes = 0;
  Efficiency efficiency = Efficiency::kReference;
  // Bit i: result 0 may overwrite operand i, when both have the same memory layout.
  uint32_t in_place = 0;
  // Facts about operand 0 (StructureFlag) without which the kernel reports
  // failure. When they are inferred and not declared, the step is guarded: on
  // failure the next kernel that accepts the call runs.
  uint32_t relies_on = 0;
  // Bit i: operand i may be conjugated.
  uint32_t takes_conjugated = 0;
  // Null: every call whose operands are plain otherwise.
  bool (*accepts)(const KernelCall& call) = nullptr;
  Prepared (*prepare)(const KernelCall& call) = nullptr;
};

constexpr uint32_t DTypeBit(DType d) { return 1u << static_cast<int>(d); }
inline constexpr uint32_t kAllDTypes = (1u << kNumDTypes) - 1;
inline constexpr uint32_t kBlasDTypes =
    DTypeBit(DType::kF32) | DTypeBit(DType::kF64) | DTypeBit(DType::kC64) | DTypeBit(DType::kC128);

// The dtype by which Kernel::dtypes is looked up.
DType DispatchDTypeOf(const KernelCall& call);
// dtypes, conjugation, triangles and `accepts` together.
bool Accepts(const Kernel& kernel, const KernelCall& call);

class Backend {
 public:
  virtual ~Backend() = default;
  virtual absl::string_view name() const = 0;
  virtual Device device() const = 0;
  // In order of preference among equals.
  virtual absl::Span<const Kernel> kernels() const = 0;
};

}  // namespace otium

#endif  // OTIUM_BACKENDS_BACKEND_H_

// SPDX-License-Identifier: Apache-2.0
//
// A loop program: what a fused region, or a pointwise op or reduction on its own,
// does to each element. One nest of loops over an iteration space, and a scalar
// single-assignment body. The interpreter (interpret.h), the CPU tape and the
// CUDA generator all read it, and are tested against each other.
//
//   loop [64 | 100]                       softmax of f32[64, 100]: 64 rows kept,
//     %0 = load in0[0, 1] : f32           100 columns reduced
//     %1 = reduce max %0 : f32 row, stage 1
//     %2 = sub %0, %1 : f32, stage 1
//     %3 = exp %2 : f32, stage 1
//     %4 = reduce sum %3 : f32 row, stage 2
//     %5 = div %3, %4 : f32, stage 2
//     out0[0, 1] = %5 : f32
//
// A value lives at one of three levels: `uniform` (one for the whole nest), `row`
// (one for each index of the kept dimensions; needs a reduction) and `element`.
// A reduction makes a row value of an element value, which is complete only when
// a whole row was seen: it is there, and its users are, one *stage* later. An executor runs the
// stages of a row one after the other, computing again or keeping the element
// values that several stages need.
//
// The dimensions of the space are kept [0, reduced_begin), reduced
// [reduced_begin, reduced_end), kept again. Reduced ones come last when the last
// dimension of the data is among them ("rows"), else the kept dimensions that
// follow them in the data do ("columns"). Which it is, and every tree of partial
// results, depends on shapes only.
//
// Values are computed in their dtype; f16 and bf16 are computed in f32 and
// rounded by round_f16 or round_bf16, so a region has the bits of its ops.

#ifndef OTIUM_BACKENDS_REGION_LOOP_PROGRAM_H_
#define OTIUM_BACKENDS_REGION_LOOP_PROGRAM_H_

#include <algorithm>
#include <array>
#include <complex>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/dtype.h"
#include "engine/base/shape.h"

namespace otium::region {

enum class ScalarOp : uint8_t {
#define OTIUM_SCALAR_OP(name, operands) name,
#include "backends/region/scalar_ops.inc"
#undef OTIUM_SCALAR_OP
};
inline constexpr int kNumScalarOps = 0
#define OTIUM_SCALAR_OP(name, operands) +1
#include "backends/region/scalar_ops.inc"
#undef OTIUM_SCALAR_OP
    ;
absl::string_view ScalarOpName(ScalarOp op);
int NumOperands(ScalarOp op);

// What a reduction combines with. NaN wins in max and min; argmax and argmin
// give the first index (i64, over the flattened reduced dimensions).
enum class ReduceOp : uint8_t { kSum, kProd, kMax, kMin, kArgMax, kArgMin, kAll, kAny };
absl::string_view ReduceOpName(ReduceOp op);

enum class Level : uint8_t { kUniform, kRow, kElement };

// Up to kCapacity values in place; trivially copied.
template <class T, int kCapacity>
class FixedList {
 public:
  FixedList() = default;
  FixedList(size_t size, T value) : size_(static_cast<uint8_t>(size)) {
    for (T& x : *this) x = value;
  }
  FixedList(std::initializer_list<T> values) {
    for (T x : values) push_back(x);
  }
  template <class It>
  FixedList(It begin, It end) {
    for (; begin != end; ++begin) push_back(*begin);
  }
  void push_back(T x) { values_[size_++] = x; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](size_t i) { return values_[i]; }
  const T& operator[](size_t i) const { return values_[i]; }
  T* begin() { return values_.data(); }
  T* end() { return values_.data() + size_; }
  const T* begin() const { return values_.data(); }
  const T* end() const { return values_.data() + size_; }
  friend bool operator==(const FixedList& a, const FixedList& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::array<T, kCapacity> values_{};
  uint8_t size_ = 0;
};

// How the dimensions of a strided array follow those of the space: the address
// of an element is the sum over d of index[d] * strides[dims[d]], without the d
// for which dims[d] is kBroadcast.
inline constexpr int8_t kBroadcast = -1;
using IndexMap = FixedList<int8_t, kMaxRank>;

struct LoopInput {
  DType dtype;  // In memory.
  int rank = 0;
};

enum class InstructionKind : uint8_t { kLoad, kConstant, kMap, kReduce };

struct Instruction {
  InstructionKind kind;
  ScalarOp op = ScalarOp::copy;      // kMap
  ReduceOp reduce = ReduceOp::kSum;  // kReduce
  DType dtype;                       // Of the value.
  Level level = Level::kElement;
  int16_t stage = 0;
  uint16_t input = 0;                 // kLoad
  IndexMap map;                       // kLoad
  std::complex<double> constant = 0;  // kConstant; integers are `integer`
  int64_t integer = 0;
  // Positions of earlier instructions.
  FixedList<uint16_t, 3> operands;
};

struct LoopResult {
  uint16_t value;
  DType dtype;  // In memory.
  int rank = 0;
  IndexMap map;
};

struct LoopProgram {
  Sizes sizes;  // Of the space; none is 1.
  // Both are rank() when nothing is reduced.
  int reduced_begin = 0;
  int reduced_end = 0;
  std::vector<LoopInput> inputs;
  std::vector<Instruction> code;  // Operands before users.
  std::vector<LoopResult> results;
  int num_stages = 1;  // Element loops that a row needs.

  int rank() const { return static_cast<int>(sizes.size()); }
  // Also true of a reduction over no dimension that is longer than 1.
  bool has_reduction = false;
  bool IsReduced(int d) const { return d >= reduced_begin && d < reduced_end; }
  // Whether the reduced dimensions are the innermost.
  bool ByRows() const { return reduced_end == rank(); }
  int64_t KeptSize() const;
  int64_t ReducedSize() const;
  Level LevelOf(const LoopResult& r) const { return code[r.value].level; }

  // The text above: deterministic, for golden tests and `explain`.
  std::string ToString() const;
};

// Bit i: input i is read nowhere but where result 0 is written, so that the result
// may lie over it. Inputs past 31 have no bit.
uint32_t OverwritableInputs(const LoopProgram& program);

}  // namespace otium::region

#endif  // OTIUM_BACKENDS_REGION_LOOP_PROGRAM_H_

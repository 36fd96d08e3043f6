// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/monte_carlo.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/inlined_vector.h"
#include "tools/otium/gauge.h"
#include "tools/otium/iteration_error.h"

namespace otium::cli {
namespace {

// Whether results are elements of operands, with other signs at most, or whole numbers,
// or the same wherever they are made.
bool IsExact(const OpDef& op) {
  if (op.Is(kViewOp)) return true;
  switch (op.id) {
    case Op::input:
    case Op::constant:
    case Op::assume:
    case Op::clone:
    case Op::on:
    case Op::zeros:
    case Op::ones:
    case Op::full:
    case Op::eye:
    case Op::rand:
    case Op::zeros_like:
    case Op::ones_like:
    case Op::full_like:
    case Op::rand_like:
    case Op::minimum:
    case Op::maximum:
    case Op::clamp:
    case Op::where:
    case Op::floor_divide:
    case Op::neg:
    case Op::sign:
    case Op::floor:
    case Op::ceil:
    case Op::round:
    case Op::relu:
    case Op::conj:
    case Op::real:
    case Op::imag:
    case Op::amax:
    case Op::amin:
    case Op::flip:
    case Op::roll:
    case Op::index_select:
    case Op::gather:
    case Op::diag:
    case Op::tril:
    case Op::triu:
    case Op::cat:
    case Op::stack:
    case Op::block_diag: return true;
    default: return false;
  }
}

// Whether elements are as wrong as the largest is large: LAPACK's errors are bounded by
// the norm of what it factors.
bool IsNormwise(const OpDef& op) {
  switch (op.id) {
    case Op::qr:
    case Op::geqrf:
    case Op::householder_product:
    case Op::orgqr:
    case Op::ormqr:
    case Op::lstsq:
    case Op::eig:
    case Op::eigvals:
    case Op::eigh:
    case Op::eigvalsh:
    case Op::svd:
    case Op::svdvals:
    case Op::svd_lowrank:
    case Op::pca_lowrank:
    case Op::lobpcg: return true;
    default: return false;
  }
}

// A few rounds of a multiplicative hash.
uint64_t Hashed(uint64_t i, uint64_t j, uint64_t salt) {
  uint64_t h = (i * 0x9E3779B97F4A7C15u) ^ (j + salt * 0xC2B2AE3D27D4EB4Fu);
  h = (h ^ (h >> 31)) * 0xBF58476D1CE4E5B9u;
  return (h ^ (h >> 29)) * 0x94D049BB133111EBu;
}

// -2, -1, 1 or 2: two values that meet rarely move alike.
double Roundings(uint64_t hash) {
  return (hash >> 63 != 0 ? 1 : -1) * (hash >> 62 & 1 ? 2.0 : 1.0);
}

// x moved by so many roundings, which below the normal numbers are all alike; one is at
// least `least`.
template <class T>
T MovedBy(T x, double roundings, DType dtype, double least) {
  if constexpr (std::is_integral_v<T>) {
    return x;
  } else if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
    const double wide = static_cast<float>(x);
    const double unit = std::max(std::abs(wide) * Epsilon(dtype), SmallestPositive(dtype));
    return wide == 0 ? x : T(static_cast<float>(wide + roundings * unit));
  } else {
    const T unit = std::max({std::abs(x) * static_cast<T>(Epsilon(dtype)), static_cast<T>(least),
                             static_cast<T>(SmallestPositive(dtype))});
    const T moved = x + static_cast<T>(roundings) * unit;
    return x == 0 || !std::isfinite(moved) ? x : moved;  // Not beyond the largest.
  }
}

template <class T>
bool IsFinite(const T& x) {
  if constexpr (requires { x.real(); }) {
    return std::isfinite(x.real()) && std::isfinite(x.imag());
  } else if constexpr (std::is_integral_v<T>) {
    return true;
  } else if constexpr (std::is_same_v<T, double>) {
    return std::isfinite(x);
  } else {
    return std::isfinite(static_cast<float>(x));
  }
}

// An operand or result of a step.
struct Value {
  View view;
  DType dtype;
  int rank;

  // The size of a dimension counted from the last one, 0; 1 for more than there are.
  int64_t SizeFromEnd(int d) const { return d < rank ? view.sizes[rank - 1 - d] : 1; }
};

// Where an element is: indices, counted from the last dimension.
using Index = absl::InlinedVector<int64_t, 8>;

template <class T>
T& ElementAt(const Value& value, const Index& index) {
  int64_t offset = 0;
  for (int d = 0; d < value.rank; ++d) {
    if (value.SizeFromEnd(d) > 1) offset += index[d] * value.view.strides[value.rank - 1 - d];
  }
  return value.view.as<T>()[offset];
}

// Calls f(element, index) for each element.
template <class T, class F>
void ForElements(const Value& value, F f) {
  int64_t count = 1;
  for (int d = 0; d < value.rank; ++d) count *= value.view.sizes[d];
  Index index(value.rank, 0);
  for (int64_t k = 0; k < count; ++k) {
    f(ElementAt<T>(value, index), index);
    for (int d = 0; d < value.rank && ++index[d] == value.SizeFromEnd(d); ++d) index[d] = 0;
  }
}

bool FiniteAt(const Value& value, const Index& index) {
  return DispatchDType(value.dtype, [&]<class Tag>(Tag) {
    return IsFinite(ElementAt<typename Tag::type>(value, index));
  });
}

bool AllFinite(const Value& value) {
  bool finite = true;
  DispatchDType(value.dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    ForElements<T>(value, [&](const T& x, const Index&) { finite = finite && IsFinite(x); });
  });
  return finite;
}

// The largest finite element.
double LargestElement(const Value& value) {
  double largest = 0;
  DispatchDType(value.dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    if constexpr (!std::is_integral_v<T> && sizeof(T) >= 4) {
      ForElements<T>(value, [&](const T& x, const Index&) {
        if (IsFinite(x)) largest = std::max(largest, static_cast<double>(std::abs(x)));
      });
    }
  });
  return largest;
}

// Singular values are never negative, whatever moved them.
void KeepNonnegative(const Value& value) {
  DispatchDType(value.dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    if constexpr (std::is_floating_point_v<T>) {
      ForElements<T>(value, [](T& x, const Index&) { x = std::abs(x); });
    }
  });
}

// `overflowed` tells of elements that are not finite whether in another order of
// operations they could be something else. A rounding is at least `least`.
template <class F>
void MoveElements(const Value& value, uint64_t salt, double least, F overflowed) {
  const bool square = value.rank > 1 && value.SizeFromEnd(0) == value.SizeFromEnd(1);
  DispatchDType(value.dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    ForElements<T>(value, [&](T& x, const Index& index) {
      uint64_t j = value.rank > 0 ? index[0] : 0, i = value.rank > 1 ? index[1] : 0;
      if (square && i > j) std::swap(i, j);
      const double roundings = Roundings(Hashed(i, j, salt));
      if constexpr (std::is_integral_v<T>) {
        return;
      } else if (!IsFinite(x)) {
        const T nan = T(std::numeric_limits<float>::quiet_NaN());
        if constexpr (requires { x.real(); }) {
          const bool has_nan = std::isnan(x.real()) || std::isnan(x.imag());
          if (has_nan || overflowed(index)) x = T(nan.real(), nan.real());
        } else if (overflowed(index)) {
          x = nan;
        }
      } else if constexpr (requires { x.real(); }) {
        // Parts of a product are as wrong as the whole is large.
        using Real = typename T::value_type;
        const Real unit =
            std::max({std::abs(x) * static_cast<Real>(Epsilon(value.dtype)),
                      static_cast<Real>(least), static_cast<Real>(SmallestPositive(value.dtype))});
        const double other = Roundings(Hashed(i, j, ~salt));
        if (x.real() != 0) x.real(x.real() + static_cast<Real>(roundings) * unit);
        if (x.imag() != 0) x.imag(x.imag() + static_cast<Real>(other) * unit);
      } else {
        x = MovedBy(x, roundings, value.dtype, least);
      }
    });
  });
}

}  // namespace

double SmallestPositive(DType dtype) {
  switch (RealDType(dtype)) {
    case DType::kF16: return 0x1p-24;
    case DType::kBF16: return 0x1p-133;
    case DType::kF32: return std::numeric_limits<float>::denorm_min();
    case DType::kF64: return std::numeric_limits<double>::denorm_min();
    default: return 0;
  }
}

Tensor MovedInput(const Tensor& tensor, uint64_t input, uint64_t sample) {
  if (!IsInexact(tensor.dtype())) return tensor;
  Tensor moved = Tensor::Copy(tensor.Contiguous().data(), tensor.dtype(), tensor.sizes());
  MoveElements({{moved.mutable_data(), moved.sizes().data(), moved.strides().data()},
                moved.dtype(),
                moved.rank()},
               input * 64 + sample, /*least=*/0, [](const Index&) { return false; });
  return moved;
}

void MoveResults(const StepValues& values, uint64_t sample) {
  const PlanStep& step = values.step;
  if (step.kind != PlanStep::kKernel || IsExact(*step.op)) return;
  MoveByIterationError(values, sample);
  std::vector<Value> operands, results;
  for (int i = 0; i < step.num_operands + step.num_results; ++i) {
    const OperandId id = values.plan.args[step.first_arg + i];
    if (id < 0) continue;
    const PhysicalType& type = values.plan.operands[id].type;
    (i < step.num_operands ? operands : results)
        .push_back({values.views[i], type.dtype, type.rank()});
  }
  // Real functions of elements overflow in one way; sums and products of several, and
  // of complex parts, by their order.
  const bool pointwise = step.op->Is(kPointwiseOp);
  const bool of_finite = !pointwise && absl::c_all_of(operands, AllFinite);
  uint64_t node = uint64_t{step.node} << 8;
  for (const Value& result : results) {
    ++node;
    if (!IsInexact(result.dtype)) continue;
    const double least = IsNormwise(*step.op) ? Epsilon(result.dtype) * LargestElement(result) : 0;
    // Salts apart from those of inputs and from each other's.
    MoveElements(result, (node << 24) + sample, least, [&](const Index& index) {
      if (!pointwise) return of_finite;
      return IsComplex(result.dtype) && absl::c_all_of(operands, [&](const Value& operand) {
               return FiniteAt(operand, index);
             });
    });
  }
  switch (step.op->id) {
    case Op::svd:
    case Op::svd_lowrank:
    case Op::pca_lowrank: KeepNonnegative(results[1]); break;
    case Op::svdvals: KeepNonnegative(results[0]); break;
    default: break;
  }
  MoveGauge(values, sample);
}

}  // namespace otium::cli

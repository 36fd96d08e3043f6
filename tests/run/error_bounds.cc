// SPDX-License-Identifier: Apache-2.0
#include "tests/run/error_bounds.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"

namespace otium {
namespace {

constexpr double kNone = std::numeric_limits<double>::infinity();

template <class T>
std::complex<double> Widened(T value) {
  if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
    return static_cast<double>(static_cast<float>(value));
  } else {
    return std::complex<double>(value);
  }
}

struct Magnitudes {
  double largest = 0;
  double smallest = kNone;
};

Magnitudes MagnitudesOf(const Tensor& t) {
  Magnitudes m;
  const Tensor dense = t.Contiguous();
  DispatchDType(t.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < dense.NumElements(); ++i) {
      const double a = std::abs(Widened(dense.data<T>()[i]));
      // NaN makes both useless.
      m.largest = std::isnan(a) ? kNone : std::max(m.largest, a);
      m.smallest = std::isnan(a) ? 0 : std::min(m.smallest, a);
    }
  });
  return m;
}

class Analysis {
 public:
  Analysis(const Graph& graph, const std::vector<Tensor>& values)
      : graph_(graph), bounds_(graph.num_values(), kNone) {
    for (const Tensor& t : values) {
      magnitudes_.push_back(MagnitudesOf(t));
      elements_.push_back(static_cast<double>(t.NumElements()));
      sizes_.emplace_back(t.sizes().begin(), t.sizes().end());
    }
  }

  std::vector<double> Run() {
    for (NodeId n = 0; n < graph_.num_nodes(); ++n) {
      for (int i = 0; i < graph_.num_results(n); ++i) {
        const ValueId v = graph_.result(n, i);
        const double bound = BoundOf(n, v);
        // Beyond the range of the dtype nothing is bounded.
        const bool finite = std::isfinite(magnitudes_[v].largest) && std::isfinite(bound);
        bounds_[v] = finite ? bound : kNone;
      }
    }
    return std::move(bounds_);
  }

 private:
  // Operand i of node n, missing ones 1 with no error (alpha, beta).
  double Error(NodeId n, size_t i) const {
    const auto operands = graph_.operands(n);
    return i < operands.size() && operands[i] != kNoValue ? bounds_[operands[i]] : 0;
  }
  double Largest(NodeId n, size_t i) const {
    const auto operands = graph_.operands(n);
    return i < operands.size() && operands[i] != kNoValue ? magnitudes_[operands[i]].largest : 1;
  }
  double ProductError(NodeId n, size_t i, size_t j) const {
    return Largest(n, i) * Error(n, j) + Largest(n, j) * Error(n, i) + Error(n, i) * Error(n, j);
  }

  double BoundOf(NodeId n, ValueId v) const {
    const OpDef& op = graph_.op(n);
    const auto operands = graph_.operands(n);
    double worst = 0;  // Of the operands.
    for (size_t i = 0; i < operands.size(); ++i) worst = std::max(worst, Error(n, i));
    const DType dtype = graph_.type(v).dtype;
    const double u = 4 * Epsilon(dtype);  // Four: complex products.
    const double r = magnitudes_[v].largest;
    const double exact_or_nothing = worst == 0 ? 0 : kNone;
    // Ten roundings of the result, for functions that libraries round their way.
    const double few = 10 * u * std::max(r, 1.0);
    if (worst == kNone) return kNone;
    switch (op.id) {
      case Op::input:
      case Op::constant:
      case Op::size:
      case Op::zeros:
      case Op::ones:
      case Op::eye:
      case Op::rand:
      case Op::zeros_like:
      case Op::ones_like:
      case Op::rand_like: return 0;
      case Op::arange:
      case Op::linspace:
      case Op::randn:
      case Op::randn_like: return few;
      // Elements as they are, moved or selected.
      case Op::assume:
      case Op::clone:
      case Op::on:
      case Op::neg:
      case Op::conj:
      case Op::real:
      case Op::imag:
      case Op::relu:
      case Op::amax:
      case Op::amin:
      case Op::reshape:
      case Op::flatten:
      case Op::unflatten:
      case Op::transpose:
      case Op::permute:
      case Op::movedim:
      case Op::squeeze:
      case Op::unsqueeze:
      case Op::expand:
      case Op::broadcast_to:
      case Op::flip:
      case Op::roll:
      case Op::slice:
      case Op::select:
      case Op::narrow:
      case Op::diag:
      case Op::diagonal:
      case Op::tril:
      case Op::triu:
      case Op::cat:
      case Op::stack:
      case Op::block_diag:
      case Op::split: return worst;
      case Op::minimum:
      case Op::maximum:
      case Op::clamp: return worst + u * r;  // Casts among them.
      case Op::abs: return worst + u * r;
      case Op::index_select:
      case Op::gather: return Error(n, 1) == 0 ? Error(n, 0) : kNone;
      case Op::where: return Error(n, 0) == 0 ? std::max(Error(n, 1), Error(n, 2)) : kNone;
      case Op::cast:
      case Op::full:
      case Op::full_like:
        if (!IsInexact(dtype)) return exact_or_nothing;
        return worst + u * r;
      case Op::add:
      case Op::sub: return Error(n, 0) + Error(n, 1) + u * r;
      case Op::mul: return ProductError(n, 0, 1) + u * r;
      case Op::square: return ProductError(n, 0, 0) + u * r;
      case Op::div: {
        const double b = magnitudes_[operands[1]].smallest;
        if (!(b > 2 * Error(n, 1))) return kNone;
        return (Error(n, 0) + r * Error(n, 1)) / (b - Error(n, 1)) + few;
      }
      case Op::lerp: {
        const double span = Largest(n, 0) + Largest(n, 1);
        return Error(n, 0) * (1 + Largest(n, 2)) + Error(n, 1) * Largest(n, 2) +
               (span + worst) * Error(n, 2) + few + 4 * u * span * (1 + Largest(n, 2));
      }
      // |f'| <= 1.13 for all of these.
      case Op::sin:
      case Op::cos:
      case Op::tanh:
      case Op::sigmoid:
      case Op::erf:
      case Op::silu:
      case Op::gelu:
      case Op::softplus: return IsComplex(dtype) ? exact_or_nothing + few : 1.13 * worst + few;
      case Op::exp: return r * std::expm1(worst) + few;
      case Op::sum:
      case Op::trace: {
        const double count = Count(n, v);
        return count * worst + count * u * count * Largest(n, 0);
      }
      case Op::cumsum: {
        const double count = elements_[operands[0]];
        return count * worst + count * u * count * Largest(n, 0);
      }
      case Op::mean: {
        const double count = Count(n, v);
        return worst + (count + 2) * u * Largest(n, 0);
      }
      case Op::logsumexp:
      case Op::log_softmax: {
        const double count = elements_[operands[0]];
        return 2 * worst + (count + 10) * u * std::max({r, Largest(n, 0), 1.0});
      }
      case Op::softmax: {
        const double count = elements_[operands[0]];
        return std::expm1(2 * worst) + (count + 10) * u * std::max(Largest(n, 0), 1.0);
      }
      case Op::var:
      case Op::var_mean: {
        const double count = Count(n, v), a = Largest(n, 0);
        if (op.id == Op::var_mean && graph_.result_index(v) == 1) {
          return worst + (count + 2) * u * a;
        }
        // Divided by at least 1 where the result is finite and the correction whole.
        return count * (8 * a * worst + 4 * worst * worst + (count + 8) * u * 4 * a * a);
      }
      case Op::mv:
      case Op::mm:
      case Op::bmm:
      case Op::dot:
      case Op::vdot:
      case Op::outer:
      case Op::matmul: return InnerBound(n, 0, 1, u);
      // A rank is a matter of rounding, and of the driver's way to estimate it; so are a
      // pivot and whether it is zero.
      case Op::matrix_rank:
      case Op::lstsq:
      case Op::cholesky_ex:
      case Op::lu:
      case Op::lu_factor:
      case Op::lu_factor_ex:
      case Op::ldl_factor:
      case Op::ldl_factor_ex:
      case Op::solve_ex:
      case Op::inv_ex: return kNone;
      case Op::addmv:
      case Op::addmm:
      case Op::baddbmm:
      case Op::addbmm:
      case Op::addr: return AddedBound(n, v, u);
      default:
        if (worst > 0) return kNone;
        if (!IsInexact(dtype)) return 0;
        return op.Is(kPointwiseOp) ? few : kNone;
    }
  }

  // How many elements go into one of the result.
  double Count(NodeId n, ValueId v) const {
    return elements_[graph_.operands(n)[0]] / std::max(elements_[v], 1.0);
  }

  // The inner size: the last of the left operand; addbmm sums its batch too.
  double InnerSize(NodeId n, size_t left) const {
    const Sizes& a = sizes_[graph_.operands(n)[left]];
    if (a.empty() || graph_.Is(n, Op::outer) || graph_.Is(n, Op::addr)) return 1;
    const auto k = static_cast<double>(a.back());
    return graph_.Is(n, Op::addbmm) ? k * static_cast<double>(a[0]) : k;
  }
  double InnerBound(NodeId n, size_t i, size_t j, double u) const {
    const double k = InnerSize(n, i);
    return k * ProductError(n, i, j) + (k + 2) * u * k * Largest(n, i) * Largest(n, j);
  }

  // beta * C + alpha * product; operands C, A, B, beta, alpha.
  double AddedBound(NodeId n, ValueId v, double u) const {
    const double product = InnerSize(n, 1) * Largest(n, 1) * Largest(n, 2);
    const double product_error = InnerBound(n, 1, 2, u);
    const double sum = Largest(n, 0) * Largest(n, 3);
    return ProductError(n, 0, 3) + Largest(n, 4) * product_error +
           (product + product_error) * Error(n, 4) +
           4 * u * (sum + product * Largest(n, 4) + magnitudes_[v].largest);
  }

  const Graph& graph_;
  std::vector<Magnitudes> magnitudes_;
  std::vector<double> elements_;
  std::vector<Sizes> sizes_;
  std::vector<double> bounds_;
};

}  // namespace

std::vector<double> ErrorBounds(const Graph& graph, const std::vector<Tensor>& values) {
  return Analysis(graph, values).Run();
}

std::string Difference(const Tensor& a, const Tensor& b, double bound) {
  // A size that is data (how many are not zero) is as unbounded as the data.
  if (bound == kNone && a.dtype() == b.dtype() && a.rank() == b.rank() && a.sizes() != b.sizes()) {
    return "";
  }
  if (a.dtype() != b.dtype() || a.sizes() != b.sizes()) {
    return absl::StrCat(ShortType(a.type()), " and ", ShortType(b.type()));
  }
  const Tensor x = a.Contiguous(), y = b.Contiguous();
  std::string difference;
  DispatchDType(a.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < x.NumElements() && difference.empty(); ++i) {
      const std::complex<double> p = Widened(x.data<T>()[i]), q = Widened(y.data<T>()[i]);
      if (p == q || (std::isnan(std::abs(p)) && std::isnan(std::abs(q)))) continue;
      // Overflow on one way is no error where there is no bound.
      if (std::abs(p - q) <= bound || bound == kNone) continue;
      difference = absl::StrCat("element ", i, ": ", p.real(), "+", p.imag(), "j and ", q.real(),
                                "+", q.imag(), "j, allowed ", bound);
    }
  });
  return difference;
}

}  // namespace otium

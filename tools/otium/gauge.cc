// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/gauge.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace otium::cli {
namespace {

using C = std::complex<double>;

// Which results of an op are free; -1: there is no such result.
struct GaugedOp {
  Op op;
  int values;    // To each belongs a vector.
  bool ordered;  // The values are.
  int columns;   // Vectors in columns,
  int partners;  // and those of the other side, with them.
  bool in_rows;  // The latter are: an adjoint.
};
constexpr GaugedOp kGaugedOps[] = {
    {Op::eigh, 0, true, 1, -1, false},       {Op::eig, 0, false, 1, -1, false},
    {Op::eigvals, 0, false, -1, -1, false},  {Op::lobpcg, 0, true, 1, -1, false},
    {Op::svd, 1, true, 0, 2, true},          {Op::svd_lowrank, 1, true, 0, 2, false},
    {Op::pca_lowrank, 1, true, 0, 2, false}, {Op::qr, -1, true, 0, -1, false},
};

const GaugedOp* FindGauged(Op op) {
  for (const GaugedOp& g : kGaugedOps) {
    if (g.op == op) return &g;
  }
  return nullptr;
}

// Vectors in memory: element i of vector j is at(i, j).
template <class T>
struct Vectors {
  T* data = nullptr;
  int64_t count = 0, length = 0;
  int64_t vector_stride = 0, element_stride = 0;

  T& at(int64_t i, int64_t j) const { return data[i * element_stride + j * vector_stride]; }
};

// The matrix, or vector, that is number b of a batch.
template <class T>
Vectors<T> VectorsOf(const View& view, int rank, int64_t b, bool in_rows) {
  Vectors<T> v;
  v.data = view.as<T>();
  for (int d = rank - 3; d >= 0; --d) {
    v.data += b % view.sizes[d] * view.strides[d];
    b /= view.sizes[d];
  }
  const int element = in_rows ? rank - 1 : rank - 2, vector = in_rows ? rank - 2 : rank - 1;
  v.length = view.sizes[element];
  v.element_stride = view.strides[element];
  v.count = view.sizes[vector];
  v.vector_stride = view.strides[vector];
  return v;
}

template <class T>
constexpr bool kIsComplex = std::is_same_v<T, std::complex<float>> || std::is_same_v<T, C>;

template <class T>
T Narrow(C x) {
  if constexpr (kIsComplex<T>) return static_cast<T>(x);
  else return static_cast<T>(x.real());
}

// One choice, of all factors and rotations of one matrix.
class Choice {
 public:
  Choice(uint64_t salt, uint64_t sample)
      : random_(salt * 1000003 + sample), offset_(salt * 5), sample_(sample) {}

  double Uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }

  // The factor of vector j. Signs are bits of 1 to 7, so that in three samples none
  // stays and neighbours do not go together; phases are not near 1.
  template <class T>
  C Factor(int64_t j) {
    const double angle = (0.25 + 1.5 * Uniform()) * std::numbers::pi;
    if (kIsComplex<T>) return std::polar(1.0, angle);
    const uint64_t pattern = 1 + (offset_ + static_cast<uint64_t>(j)) % 7;
    return (pattern >> (sample_ % 3) & 1) != 0 ? -1 : 1;
  }
  // w of the reflection I - 2 w w.H that mixes n vectors.
  template <class T>
  std::vector<C> Mirror(int64_t n) {
    std::vector<C> w;
    double norm = 0;
    for (int64_t i = 0; i < n; ++i) {
      const double real = 0.25 + Uniform();  // Of any two, both matter.
      w.emplace_back(real, kIsComplex<T> ? Uniform() - 0.5 : 0);
      norm = std::hypot(norm, std::abs(w.back()));
    }
    for (C& x : w) x /= norm;
    return w;
  }

 private:
  std::mt19937_64 random_;
  uint64_t offset_, sample_;
};

template <class T>
void Scale(const Vectors<T>& v, int64_t j, C factor) {
  for (int64_t i = 0; i < v.length; ++i) v.at(i, j) = Narrow<T>(C(v.at(i, j)) * factor);
}

// Vectors from `first` on, as columns, times I - 2 w w.H, or its conjugate when they
// are rows of an adjoint.
template <class T>
void Reflect(const Vectors<T>& v, int64_t first, const std::vector<C>& w, bool conjugate) {
  for (int64_t i = 0; i < v.length; ++i) {
    C product = 0;
    for (size_t k = 0; k < w.size(); ++k) {
      product += C(v.at(i, first + static_cast<int64_t>(k))) * (conjugate ? std::conj(w[k]) : w[k]);
    }
    for (size_t k = 0; k < w.size(); ++k) {
      T& x = v.at(i, first + static_cast<int64_t>(k));
      x = Narrow<T>(C(x) - 2.0 * product * (conjugate ? w[k] : std::conj(w[k])));
    }
  }
}

template <class T>
void Mix(const Vectors<T>& v, int64_t first, Choice* choice) {
  if (v.count - first == 1) Scale(v, first, choice->Factor<T>(first));
  if (v.count - first > 1) Reflect(v, first, choice->Mirror<T>(v.count - first), false);
}

// Vectors of ascending or descending values: those of equal ones are mixed, which are
// closer than what rounding the largest can do; of those that are zero, with what
// follows them, the two sides apart. Partners that are `adjoint` take the conjugates.
template <class T>
void MoveOrdered(const Vectors<T>& columns, const Vectors<T>& partners, bool adjoint,
                 const std::vector<double>& values, Choice* choice) {
  double largest = 0;
  for (double x : values) largest = std::max(largest, std::abs(x));
  const double near = 4 * Epsilon(DTypeOf<T>()) * largest;
  const auto count = static_cast<int64_t>(values.size());
  const bool has_partners = partners.data != nullptr;
  int64_t first = 0;
  while (first < count && !(has_partners && values[first] <= near)) {
    int64_t end = first + 1;
    while (end < count && std::abs(values[end] - values[first]) <= near) ++end;
    if (end == first + 1) {
      const C factor = choice->Factor<T>(first);
      Scale(columns, first, factor);
      if (has_partners) Scale(partners, first, adjoint ? std::conj(factor) : factor);
    } else {
      const std::vector<C> w = choice->Mirror<T>(end - first);
      Reflect(columns, first, w, false);
      if (has_partners) Reflect(partners, first, w, adjoint);
    }
    first = end;
  }
  Mix(columns, first, choice);
  if (has_partners) Mix(partners, first, choice);
}

// Another order of complex values and vectors; factors, and mixtures of the vectors of
// equal values, which need not be orthogonal.
template <class T>
void MoveUnordered(const Vectors<T>& columns, const Vectors<T>& values, Choice* choice) {
  const bool has_columns = columns.data != nullptr;
  double largest = 0;
  for (int64_t i = values.count; i-- > 0;) {
    largest = std::max(largest, static_cast<double>(std::abs(values.at(0, i))));
    const int64_t j = choice->Below(i + 1);
    std::swap(values.at(0, i), values.at(0, j));
    for (int64_t k = 0; has_columns && k < columns.length; ++k) {
      std::swap(columns.at(k, i), columns.at(k, j));
    }
  }
  for (int64_t i = 0; has_columns && i < values.count; ++i) {
    Scale(columns, i, choice->Factor<T>(i));
    const double near = 4 * Epsilon(DTypeOf<T>()) * largest;
    for (int64_t j = 0; j < i; ++j) {
      if (std::abs(C(values.at(0, i)) - C(values.at(0, j))) > near) continue;
      double norm = 0;
      for (int64_t k = 0; k < columns.length; ++k) {
        norm = std::hypot(norm, std::abs(C(columns.at(k, i)) + C(columns.at(k, j))));
      }
      if (norm < 0.1) continue;  // Nearly the same vector: a defective matrix.
      for (int64_t k = 0; k < columns.length; ++k) {
        columns.at(k, i) = Narrow<T>((C(columns.at(k, i)) + C(columns.at(k, j))) / norm);
      }
    }
  }
}

// ---- matrices of a tensor, as columns

struct Columns {
  int64_t rows = 0, count = 0;
  std::vector<C> data;
  C& at(int64_t i, int64_t j) { return data[i * count + j]; }
  const C& at(int64_t i, int64_t j) const { return data[i * count + j]; }
  C Product(int64_t j, const Columns& other, int64_t k) const {
    C sum = 0;
    for (int64_t i = 0; i < rows; ++i) sum += std::conj(at(i, j)) * other.at(i, k);
    return sum;
  }
};

View ViewOf(const Tensor& t) {
  return {const_cast<void*>(t.data()), t.sizes().data(), t.strides().data()};
}

Columns LoadColumns(const Tensor& t, int64_t b, bool in_rows) {
  Columns m;
  DispatchDType(t.dtype(), [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    if constexpr (!std::is_integral_v<T> && sizeof(T) >= 4) {
      const auto v = VectorsOf<T>(ViewOf(t), t.rank(), b, in_rows);
      m.rows = v.length;
      m.count = v.count;
      for (int64_t i = 0; i < m.rows; ++i) {
        for (int64_t j = 0; j < m.count; ++j) m.data.emplace_back(v.at(i, j));
      }
    }
  });
  return m;
}

void StoreColumns(const Columns& m, int64_t b, bool in_rows, Tensor* t) {
  DispatchDType(t->dtype(), [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    if constexpr (!std::is_integral_v<T> && sizeof(T) >= 4) {
      const auto v = VectorsOf<T>(ViewOf(*t), t->rank(), b, in_rows);
      for (int64_t i = 0; i < m.rows; ++i) {
        for (int64_t j = 0; j < m.count; ++j) v.at(i, j) = Narrow<T>(m.at(i, j));
      }
    }
  });
}

// Takes for each column of `expected` the best of those that are left.
template <class Likeness>
Columns Matched(const Columns& actual, const Columns& expected, Likeness likeness) {
  Columns matched = actual;
  std::vector<bool> used(actual.count, false);
  for (int64_t j = 0; j < expected.count; ++j) {
    int64_t best = -1;
    for (int64_t k = 0; k < actual.count; ++k) {
      if (!used[k] && (best < 0 || likeness(k, j) > likeness(best, j))) best = k;
    }
    used[best] = true;
    for (int64_t i = 0; i < actual.rows; ++i) matched.at(i, j) = actual.at(i, best);
  }
  return matched;
}

// a (a.H e) of columns [first, end), for e of length 1.
void ProjectBlock(const Columns& a, const Columns& e, int64_t first, int64_t end, Columns* fixed) {
  for (int64_t j = first; j < end; ++j) {
    for (int64_t i = 0; i < a.rows; ++i) fixed->at(i, j) = 0;
    const double squared = e.Product(j, e, j).real();
    for (int64_t k = first; k < end; ++k) {
      const C product = a.Product(k, e, j) / squared;
      for (int64_t i = 0; i < a.rows; ++i) fixed->at(i, j) += a.at(i, k) * product;
    }
  }
}

int64_t BatchOf(absl::Span<const int64_t> sizes, int tail) {
  int64_t count = 1;
  for (size_t d = 0; d + tail < sizes.size(); ++d) count *= sizes[d];
  return count;
}

bool OfOneType(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.sizes() == b.sizes();
}

// Vectors of values are matrices of one row.
Tensor AsMatrices(const Tensor& t, bool is_values) {
  Sizes sizes(t.sizes().begin(), t.sizes().end());
  if (is_values) sizes.insert(sizes.end() - 1, 1);
  return Tensor::Copy(t.Contiguous().data(), t.dtype(), sizes);
}

}  // namespace

void MoveGauge(const StepValues& values, uint64_t sample) {
  const PlanStep& step = values.step;
  const GaugedOp* const gauged = FindGauged(step.op->id);
  if (gauged == nullptr) return;
  for (int i = 0; i < step.num_results; ++i) {
    if (values.plan.args[step.first_arg + step.num_operands + i] < 0) return;
  }
  auto view = [&](int result) { return values.views[step.num_operands + result]; };
  auto rank = [&](int result) {
    return values.plan.operands[values.plan.args[step.first_arg + step.num_operands + result]]
        .type.rank();
  };
  const int matrices = gauged->columns;
  if (matrices >= 0 && rank(matrices) < 2) return;  // qr of mode "r".
  const DType dtype = values.dtype(step.num_operands + (matrices >= 0 ? matrices : gauged->values));
  DispatchDType(dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    if constexpr (!std::is_integral_v<T> && sizeof(T) >= 4) {
      const int first = matrices >= 0 ? matrices : gauged->values, tail = matrices >= 0 ? 2 : 1;
      const int64_t batch = BatchOf(absl::MakeConstSpan(view(first).sizes, rank(first)), tail);
      for (int64_t b = 0; b < batch; ++b) {
        Choice choice(uint64_t{step.node} * 8191 + static_cast<uint64_t>(b), sample);
        Vectors<T> columns, partners;
        if (matrices >= 0) columns = VectorsOf<T>(view(matrices), rank(matrices), b, false);
        if (const int p = gauged->partners; p >= 0) {
          partners = VectorsOf<T>(view(p), rank(p), b, gauged->in_rows);
        }
        if (gauged->values < 0) {  // qr: columns that have no row of R.
          const int64_t own = view(1).sizes[rank(1) - 1];
          if (own < columns.count) Mix(columns, own, &choice);
          continue;
        }
        // As rows of a matrix that has one.
        const View of_values = view(gauged->values);
        const int last = rank(gauged->values) - 1;
        int64_t offset = 0, rest = b;
        for (int d = last - 1; d >= 0; --d) {
          offset += rest % of_values.sizes[d] * of_values.strides[d];
          rest /= of_values.sizes[d];
        }
        const int64_t count = of_values.sizes[last], stride = of_values.strides[last];
        if (!gauged->ordered) {
          MoveUnordered<T>(columns, {of_values.as<T>() + offset, count, 1, stride, 0}, &choice);
          continue;
        }
        using Real = decltype(std::abs(T()));
        std::vector<double> sorted;
        for (int64_t i = 0; i < count; ++i) {
          sorted.push_back(of_values.as<Real>()[offset + i * stride]);
        }
        MoveOrdered(columns, partners, gauged->in_rows, sorted, &choice);
      }
    }
  });
}

GaugeFixer::GaugeFixer(const Graph& graph) {
  for (const GraphOutput& output : graph.outputs()) {
    const NodeId n = graph.producer(output.value);
    const GaugedOp* const gauged = FindGauged(graph.op(n).id);
    if (gauged == nullptr) continue;
    const int result = graph.result_index(output.value);
    const TensorType& type = graph.type(output.value);
    Freedom f;
    f.any_order = !gauged->ordered;
    f.is_values = result == gauged->values;
    const bool is_partner = result == gauged->partners;
    f.in_rows = is_partner && gauged->in_rows;
    const bool is_vectors = result == gauged->columns || is_partner;
    if (f.is_values ? gauged->ordered : !is_vectors || type.rank() < 2) continue;
    f.has_factors = gauged->values >= 0;
    if (is_vectors) {
      // The values there are, or the columns of R.
      const Dim& own =
          graph.type(graph.result(n, f.has_factors ? gauged->values : 1)).shape.back(1);
      if (!own.IsStatic()) continue;
      f.own = own.value();
    }
    if (is_partner) {
      for (const GraphOutput& other : graph.outputs()) {
        if (other.value == graph.result(n, gauged->columns)) f.partner = other.name;
      }
    }
    freedoms_.emplace(output.name, std::move(f));
  }
}

Tensor GaugeFixer::Fixed(absl::string_view output, const TensorMap& actual,
                         const TensorMap& expected) const {
  const Tensor& is = actual[output];
  const Tensor& should = expected[output];
  const auto found = freedoms_.find(output);
  if (found == freedoms_.end() || !OfOneType(is, should)) return is;
  const Freedom& f = found->second;
  const Tensor a = AsMatrices(is, f.is_values), e = AsMatrices(should, f.is_values);
  const bool has_partner = !f.partner.empty() && OfOneType(actual[f.partner], expected[f.partner]);
  Tensor fixed = AsMatrices(is, f.is_values);
  for (int64_t b = 0; b < BatchOf(a.sizes(), 2); ++b) {
    Columns of_a = LoadColumns(a, b, f.in_rows);
    const Columns of_e = LoadColumns(e, b, f.in_rows);
    if (f.is_values) {
      StoreColumns(
          Matched(of_a, of_e,
                  [&](int64_t k, int64_t j) { return -std::abs(of_a.at(0, k) - of_e.at(0, j)); }),
          b, f.in_rows, &fixed);
      continue;
    }
    if (f.any_order) {
      of_a = Matched(of_a, of_e,
                     [&](int64_t k, int64_t j) { return std::abs(of_a.Product(k, of_e, j)); });
    }
    Columns result = of_a;
    const int64_t own = std::min(f.own, of_a.count);
    if (has_partner) {
      const Columns partner_a = LoadColumns(actual[f.partner], b, false);
      const Columns partner_e = LoadColumns(expected[f.partner], b, false);
      for (int64_t j = 0; j < own; ++j) {
        const C product = partner_a.Product(j, partner_e, j);
        const C factor = f.in_rows ? std::conj(product) : product;
        for (int64_t i = 0; i < of_a.rows; ++i) result.at(i, j) *= factor;
      }
    } else if (f.has_factors) {
      for (int64_t j = 0; j < own; ++j) ProjectBlock(of_a, of_e, j, j + 1, &result);
    }
    ProjectBlock(of_a, of_e, own, of_a.count, &result);
    StoreColumns(result, b, f.in_rows, &fixed);
  }
  return Tensor::Copy(fixed.data(), is.dtype(), is.sizes());
}

}  // namespace otium::cli

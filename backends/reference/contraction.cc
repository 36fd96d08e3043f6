// SPDX-License-Identifier: Apache-2.0
//
// Products of tensors of any rank, by their definitions: for each element of the
// result a sum over whatever is summed. Nothing is shared with the planner, which
// turns these ops into others.

#include <algorithm>
#include <vector>

#include "backends/reference/elements.h"
#include "ops/einsum.h"

namespace otium::reference {
namespace {

using Index = absl::Span<const int64_t>;

// The element of a view at `offset(d)` for each dimension d, as a wide value.
template <class T, class IndexOf>
Wide<T> Element(const LaunchArgs& args, size_t operand, IndexOf index_of) {
  const State& s = *static_cast<const State*>(args.state);
  int64_t offset = 0;
  for (int d = 0; d < s.operands[operand].rank(); ++d) {
    offset += index_of(d) * args.operands[operand].strides[d];
  }
  return Load(args.operands[operand].as<const T>()[offset]);
}

// result[i] = sum over t in `terms` of term(i, t), where term is called with the
// type tag.
template <class Term>
void SumOfTerms(const LaunchArgs& args, absl::Span<const int64_t> terms, Term term) {
  const State& s = *static_cast<const State*>(args.state);
  DispatchDType(s.results[0].dtype, [&]<class Tag>(Tag tag) {
    using T = typename Tag::type;
    ForEachIndex(s.results[0].sizes, [&](Index i) {
      Wide<T> sum(0);
      ForEachIndex(terms, [&](Index t) { sum = term(tag, i, t, sum); });
      args.results[0].as<T>()[BroadcastOffset(s.results[0], args.results[0], i)] = Store<T>(sum);
    });
  });
}

}  // namespace

void Matmul(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const PhysicalType& A = s.operands[0];
  const PhysicalType& B = s.operands[1];
  const bool row = A.rank() == 1, column = B.rank() == 1;
  const int batch = s.results[0].rank() - (row ? 0 : 1) - (column ? 0 : 1);
  // Dimension d of a batch of rank `own` whose sizes of 1 stretch.
  auto batch_index = [batch](const PhysicalType& x, int own, int d, Index i) -> int64_t {
    return x.sizes[d] == 1 ? 0 : i[batch - own + d];
  };
  const int64_t terms[1] = {A.sizes.back()};
  SumOfTerms(args, terms, [&]<class Tag>(Tag, Index i, Index t, auto sum) {
    using T = typename Tag::type;
    const Wide<T> a = Element<T>(args, 0, [&](int d) {
      const int own = A.rank() - (row ? 1 : 2);
      return d < own ? batch_index(A, own, d, i) : d == A.rank() - 1 ? t[0] : i[batch];
    });
    const Wide<T> b = Element<T>(args, 1, [&](int d) {
      const int own = B.rank() - (column ? 1 : 2);
      return d < own ? batch_index(B, own, d, i) : d == own ? t[0] : i.back();
    });
    return MultiplyAdd(a, b, sum);
  });
}

void Inner(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int rank_a = s.operands[0].rank(), rank_b = s.operands[1].rank();
  const bool scalar = rank_a == 0 || rank_b == 0;
  const int64_t terms[1] = {scalar ? 1 : s.operands[0].sizes.back()};
  SumOfTerms(args, terms, [&]<class Tag>(Tag, Index i, Index t, auto sum) {
    using T = typename Tag::type;
    const Wide<T> a =
        Element<T>(args, 0, [&](int d) { return !scalar && d == rank_a - 1 ? t[0] : i[d]; });
    const Wide<T> b = Element<T>(args, 1, [&](int d) {
      return scalar ? i[d] : d == rank_b - 1 ? t[0] : i[rank_a - 1 + d];
    });
    return MultiplyAdd(a, b, sum);
  });
}

void Outer(const LaunchArgs& args) {
  SumOfTerms(args, {}, [&]<class Tag>(Tag, Index i, Index, auto) {
    using T = typename Tag::type;
    return Multiply(Element<T>(args, 0, [&](int) { return i[0]; }),
                    Element<T>(args, 1, [&](int) { return i[1]; }));
  });
}

void Kron(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const PhysicalType& a = s.operands[0];
  const PhysicalType& b = s.operands[1];
  const int rank = s.results[0].rank();
  // The size of dimension d of b, aligned at the end.
  auto size_b = [&](int d) -> int64_t {
    const int own = d - (rank - b.rank());
    return own < 0 ? 1 : b.sizes[own];
  };
  SumOfTerms(args, {}, [&]<class Tag>(Tag, Index i, Index, auto) {
    using T = typename Tag::type;
    const Wide<T> x = Element<T>(args, 0, [&](int d) {
      const int whole = d + rank - a.rank();
      return i[whole] / size_b(whole);
    });
    const Wide<T> y = Element<T>(args, 1, [&](int d) {
      const int whole = d + rank - b.rank();
      return i[whole] % size_b(whole);
    });
    return Multiply(x, y);
  });
}

void Tensordot(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int rank_a = s.operands[0].rank();
  const ContractedDims dims = *TensordotDims(s.attributes, rank_a, s.operands[1].rank());
  Sizes terms;
  for (int d : dims.a) terms.push_back(s.operands[0].sizes[d]);
  // Dimension d: the place among the summed ones, or what comes before it in the
  // result, which starts at `first`.
  auto index_of = [](const std::vector<int>& summed, int d, int first, Index i, Index t) {
    const auto at = std::find(summed.begin(), summed.end(), d);
    if (at != summed.end()) return t[at - summed.begin()];
    return i[first + d - std::count_if(summed.begin(), summed.end(), [d](int c) { return c < d; })];
  };
  SumOfTerms(args, terms, [&]<class Tag>(Tag, Index i, Index t, auto sum) {
    using T = typename Tag::type;
    const int free_a = rank_a - static_cast<int>(dims.a.size());
    return MultiplyAdd(
        Element<T>(args, 0, [&](int d) { return index_of(dims.a, d, 0, i, t); }),
        Element<T>(args, 1, [&](int d) { return index_of(dims.b, d, free_a, i, t); }), sum);
  });
}

void Einsum(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  std::vector<Shape> shapes;
  for (const PhysicalType& x : s.operands) {
    shapes.push_back(Shape(absl::Span<const int64_t>(x.sizes)));
  }
  const EinsumSpec spec = *ParseEinsum(s.attributes.Get<std::string>("equation"), shapes);
  const Dims sizes = *EinsumSizes(spec, shapes);
  std::vector<int> summed;
  Sizes terms;
  for (int name = 0; name < static_cast<int>(spec.names.size()); ++name) {
    if (std::find(spec.result.begin(), spec.result.end(), name) != spec.result.end()) continue;
    summed.push_back(name);
    terms.push_back(sizes[name].value());
  }
  Sizes value_of(spec.names.size(), 0);
  SumOfTerms(args, terms, [&]<class Tag>(Tag, Index i, Index t, auto sum) {
    using T = typename Tag::type;
    for (size_t d = 0; d < i.size(); ++d) value_of[spec.result[d]] = i[d];
    for (size_t d = 0; d < t.size(); ++d) value_of[summed[d]] = t[d];
    Wide<T> product(1);
    for (size_t operand = 0; operand < s.operands.size(); ++operand) {
      const Wide<T> factor = Element<T>(args, operand, [&](int d) {
        return s.operands[operand].sizes[d] == 1 ? 0 : value_of[spec.operands[operand][d]];
      });
      product = Multiply(product, factor);
    }
    return MultiplyAdd(Wide<T>(1), product, sum);
  });
}

}  // namespace otium::reference

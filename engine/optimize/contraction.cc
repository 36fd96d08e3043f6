// SPDX-License-Identifier: Apache-2.0
//
// Sums of products as matrix products. The labels of two terms are of four kinds:
//
//   batch       in both, and needed afterwards
//   contracted  in both, and not needed
//   left, right in one of them, and needed
//
// so that the pair is, after permuting and merging dimensions, one batched product
// [batch, left, contracted] @ [batch, contracted, right]. A label of one term alone
// that nobody needs is summed before; one that occurs twice in a term is its
// diagonal. Merging dimensions is a view when they lie in order, so within each
// kind labels keep the order of the term they come from.

#include "engine/optimize/contraction.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "ops/shape_rules.h"

namespace otium {

ValueId Reshaped(ValueId x, const Dims& shape, GraphBuilder* builder) {
  if (x == kNoValue) return x;
  const Graph& g = builder->graph();
  // One that is wanted on some device stays.
  while (g.Is(g.producer(x), Op::reshape) && !g.pin(g.producer(x)).has_value()) {
    x = g.operands(g.producer(x))[0];
  }
  if (g.type(x).shape == ShapeOf(shape)) return x;
  return builder->Add(Op::reshape, {x}, {{"shape", shape}});
}

ValueId Permuted(ValueId x, absl::Span<const int> dims, GraphBuilder* builder) {
  if (x == kNoValue || std::is_sorted(dims.begin(), dims.end())) return x;
  const int rank = static_cast<int>(dims.size());
  // Two dimensions exchanged are a transpose, which other rules know.
  int moved = 0, first = -1, last = -1;
  for (int i = 0; i < rank; ++i) {
    if (dims[i] == i) continue;
    ++moved;
    if (first < 0) first = i;
    last = i;
  }
  if (moved == 2) {
    return builder->Add(Op::transpose, {x}, {{"dim0", int64_t{first}}, {"dim1", int64_t{last}}});
  }
  return builder->Add(Op::permute, {x}, {{"dims", Ints(dims.begin(), dims.end())}});
}

ValueId Expanded(ValueId x, const Dims& shape, GraphBuilder* builder) {
  if (x == kNoValue || builder->graph().type(x).shape == ShapeOf(shape)) return x;
  return builder->Add(Op::expand, {x}, {{"sizes", shape}});
}

bool MergesFreely(const Graph& graph, ValueId v) {
  const NodeId n = graph.producer(v);
  return !graph.Is(n, Op::transpose) && !graph.Is(n, Op::permute) && !graph.Is(n, Op::expand);
}

ValueId WithFacts(ValueId value, const Structure& known, GraphBuilder* builder) {
  if (value == kNoValue || builder->graph().type(value).structure.Implies(known)) return value;
  return builder->Add(Op::assume, {value}, {{"structure", known}, {"proved", true}});
}

namespace {

using Labels = std::vector<int>;

// All pairs of so many terms are looked at for each contraction.
constexpr size_t kMaxOrdered = 64;

bool Contains(absl::Span<const int> labels, int label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

Labels Concat(std::initializer_list<Labels> parts) {
  Labels all;
  for (const Labels& p : parts) all.insert(all.end(), p.begin(), p.end());
  return all;
}

class Contractor {
 public:
  Contractor(absl::Span<const Dim> sizes, GraphBuilder* builder)
      : sizes_(sizes), builder_(*builder) {}

  // Without repeated labels, dimensions of size 1, and labels that only this term
  // has and nobody needs.
  void Prepare(LabelledValue* term, absl::Span<const int> needed) {
    TakeDiagonals(term);
    DropOnes(term);
    SumAlone(term, needed);
  }

  LabelledValue Pair(const LabelledValue& a, const LabelledValue& b, absl::Span<const int> needed) {
    Labels batch, contracted, left, right;
    for (int l : a.labels) {
      if (!Contains(b.labels, l)) left.push_back(l);
      else (Contains(needed, l) ? batch : contracted).push_back(l);
    }
    for (int l : b.labels) {
      if (!Contains(a.labels, l)) right.push_back(l);
    }
    LabelledValue product;
    product.labels = Concat({batch, left, right});
    product.value = contracted.empty() ? Multiplied(a, b, batch, left, right)
                    : batch.empty()    ? Matrices(a, b, contracted, left, right)
                                       : Batches(a, b, batch, contracted, left, right);
    product.value = Reshaped(product.value, SizesOf(product.labels), &builder_);
    return product;
  }

  // In the order of `result`, where labels that the term lacks have size 1.
  ValueId Arranged(const LabelledValue& term, absl::Span<const int> result) {
    Labels present;
    for (int l : result) {
      if (Contains(term.labels, l)) present.push_back(l);
    }
    const ValueId value = Arrange(term, present);
    return Reshaped(value, SizesOf(Labels(result.begin(), result.end())), &builder_);
  }

  // Multiply-adds of the contraction of a pair.
  double Cost(const LabelledValue& a, const LabelledValue& b) const {
    double cost = 1;
    for (int l : a.labels) cost *= static_cast<double>(sizes_[l].value());
    for (int l : b.labels) {
      if (!Contains(a.labels, l)) cost *= static_cast<double>(sizes_[l].value());
    }
    return cost;
  }

 private:
  Dims SizesOf(const Labels& labels) const {
    Dims dims;
    for (int l : labels) dims.push_back(sizes_[l]);
    return dims;
  }
  Dim Count(const Labels& labels) const { return NumElements(SizesOf(labels)); }

  // The value with its dimensions in the order of `labels`.
  ValueId Arrange(const LabelledValue& term, const Labels& labels) {
    std::vector<int> dims;
    for (int l : labels) {
      dims.push_back(static_cast<int>(std::find(term.labels.begin(), term.labels.end(), l) -
                                      term.labels.begin()));
    }
    return Permuted(term.value, dims, &builder_);
  }

  void TakeDiagonals(LabelledValue* term) {
    for (size_t j = 1; j < term->labels.size();) {
      const int label = term->labels[j];
      const auto first = std::find(term->labels.begin(), term->labels.begin() + j, label);
      if (first == term->labels.begin() + j) {
        ++j;
        continue;
      }
      const int64_t i = first - term->labels.begin();
      term->value =
          builder_.Add(Op::diagonal, {term->value},
                       {{"offset", int64_t{0}}, {"dim1", i}, {"dim2", static_cast<int64_t>(j)}});
      term->labels.erase(term->labels.begin() + j);
      term->labels.erase(term->labels.begin() + i);
      term->labels.push_back(label);
      j = 1;
    }
  }

  void DropOnes(LabelledValue* term) {
    if (term->value == kNoValue) return;
    const Shape shape = builder_.graph().type(term->value).shape;
    Labels kept;
    Dims dims;
    for (int d = 0; d < shape.rank(); ++d) {
      if (shape[d].Is(1)) continue;
      kept.push_back(term->labels[d]);
      dims.push_back(shape[d]);
    }
    term->value = Reshaped(term->value, dims, &builder_);
    term->labels = std::move(kept);
  }

  void SumAlone(LabelledValue* term, absl::Span<const int> needed) {
    Ints dims;
    Labels kept;
    for (size_t d = 0; d < term->labels.size(); ++d) {
      if (Contains(needed, term->labels[d])) kept.push_back(term->labels[d]);
      else dims.push_back(static_cast<int64_t>(d));
    }
    if (dims.empty() || term->value == kNoValue) return;
    const DType dtype = builder_.graph().type(term->value).dtype;
    term->value = builder_.Add(Op::sum, {term->value}, {{"dim", std::move(dims)}});
    // Sums of integers are i64; the contraction's own dtype wraps around alike.
    if (term->value != kNoValue && builder_.graph().type(term->value).dtype != dtype) {
      term->value = builder_.Add(Op::cast, {term->value}, {{"dtype", dtype}});
    }
    term->labels = std::move(kept);
  }

  // Nothing is summed: elements times elements, broadcast against each other.
  ValueId Multiplied(const LabelledValue& a, const LabelledValue& b, const Labels& batch,
                     const Labels& left, const Labels& right) {
    Dims of_a = SizesOf(Concat({batch, left}));
    of_a.resize(of_a.size() + right.size(), Dim(1));
    Dims of_b = SizesOf(batch);
    of_b.resize(of_b.size() + left.size(), Dim(1));
    for (int l : right) of_b.push_back(sizes_[l]);
    const ValueId x = Reshaped(Arrange(a, Concat({batch, left})), of_a, &builder_);
    const ValueId y = Reshaped(Arrange(b, Concat({batch, right})), of_b, &builder_);
    return builder_.Add(Op::mul, {x, y});
  }

  ValueId Matrices(const LabelledValue& a, const LabelledValue& b, const Labels& contracted,
                   const Labels& left, const Labels& right) {
    const Dim m = Count(left), k = Count(contracted), n = Count(right);
    auto matrix = [&](const LabelledValue& x, const Labels& rows, const Labels& columns,
                      const Dims& shape) {
      return Reshaped(Arrange(x, Concat({rows, columns})), shape, &builder_);
    };
    if (left.empty() && right.empty()) {
      return builder_.Add(Op::dot,
                          {matrix(a, {}, contracted, {k}), matrix(b, contracted, {}, {k})});
    }
    if (right.empty()) {
      return builder_.Add(Op::mv,
                          {matrix(a, left, contracted, {m, k}), matrix(b, contracted, {}, {k})});
    }
    if (left.empty()) {
      return builder_.Add(Op::mv,
                          {matrix(b, right, contracted, {n, k}), matrix(a, {}, contracted, {k})});
    }
    return builder_.Add(
        Op::mm, {matrix(a, left, contracted, {m, k}), matrix(b, contracted, right, {k, n})});
  }

  // Batch labels are not merged, which could be a copy: matmul takes any number.
  ValueId Batches(const LabelledValue& a, const LabelledValue& b, const Labels& batch,
                  const Labels& contracted, const Labels& left, const Labels& right) {
    auto matrices = [&](const LabelledValue& x, const Labels& rows, const Labels& columns) {
      Dims shape = SizesOf(batch);
      shape.push_back(Count(rows));
      shape.push_back(Count(columns));
      return Reshaped(Arrange(x, Concat({batch, rows, columns})), shape, &builder_);
    };
    const ValueId x = matrices(a, left, contracted), y = matrices(b, contracted, right);
    return builder_.Add(batch.size() == 1 ? Op::bmm : Op::matmul, {x, y});
  }

  const absl::Span<const Dim> sizes_;
  GraphBuilder& builder_;
};

}  // namespace

ValueId Contract(std::vector<LabelledValue> terms, absl::Span<const int> result,
                 absl::Span<const Dim> sizes, PairOrder order, GraphBuilder* builder) {
  Contractor contractor(sizes, builder);
  // How many terms have each label; the result counts as one.
  std::vector<int> users(sizes.size(), 0);
  auto count = [&](absl::Span<const int> labels, int by) {
    for (int l : labels) users[l] += by;
  };
  // The labels of `a` and `b` that the result or another term has.
  auto needed_beside = [&](size_t a, size_t b) {
    count(terms[a].labels, -1);
    if (b != a) count(terms[b].labels, -1);
    Labels needed;
    for (const Labels* labels : {&terms[a].labels, &terms[b].labels}) {
      for (int l : *labels) {
        if (users[l] > 0 && !Contains(needed, l)) needed.push_back(l);
      }
    }
    return needed;
  };
  // Dropping sizes of 1 everywhere comes first: a label that is then left in one
  // term only may be summed there.
  const Labels all = [&] {
    Labels labels(sizes.size());
    for (size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int>(i);
    return labels;
  }();
  for (LabelledValue& term : terms) contractor.Prepare(&term, all);
  count(result, 1);
  for (const LabelledValue& term : terms) count(term.labels, 1);
  for (size_t i = 0; i < terms.size(); ++i) {
    contractor.Prepare(&terms[i], needed_beside(i, i));
    count(terms[i].labels, 1);
  }
  const bool known =
      std::all_of(sizes.begin(), sizes.end(), [](const Dim& d) { return d.IsStatic(); });
  while (terms.size() > 1) {
    size_t a = 0, b = 1;
    if (order == PairOrder::kCheapest && known && terms.size() <= kMaxOrdered) {
      double best = std::numeric_limits<double>::infinity();
      for (size_t i = 0; i < terms.size(); ++i) {
        for (size_t j = i + 1; j < terms.size(); ++j) {
          const double cost = contractor.Cost(terms[i], terms[j]);
          if (cost < best) {
            best = cost;
            a = i;
            b = j;
          }
        }
      }
    }
    LabelledValue product = contractor.Pair(terms[a], terms[b], needed_beside(a, b));
    count(product.labels, 1);
    terms.erase(terms.begin() + static_cast<int64_t>(b));
    terms[a] = std::move(product);
  }
  return contractor.Arranged(terms[0], result);
}

}  // namespace otium

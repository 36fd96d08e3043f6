// SPDX-License-Identifier: Apache-2.0
//
// Reductions are functions of the list of elements that are reduced into one:
//
//   void Sum(const LaunchArgs& args) {
//     Reduce(args, [](auto x) { return std::accumulate(x.begin(), x.end(), ...); });
//   }
//
// Scans are functions from a line to a line of the same length. Numbers are wide
// (i64, f64, c128); kinds that a function cannot be called with are those that the
// op's type rule refuses.

#ifndef OTIUM_BACKENDS_REFERENCE_REDUCE_H_
#define OTIUM_BACKENDS_REFERENCE_REDUCE_H_

#include <algorithm>
#include <vector>

#include "backends/reference/map.h"
#include "ops/infer.h"

namespace otium::reference {

// Elements in row-major order.
template <class W>
using Elements = absl::Span<const W>;

// Splits the dimensions of operand 0 into `dims` and the others; calls
// f(i, offsets) for the i-th index of the others, where offsets are those of the
// elements along `dims`, row-major.
template <class F>
void ForEachSlice(const PhysicalType& type, const View& view, absl::Span<const int> dims, F&& f) {
  Sizes kept, kept_strides, inner, inner_strides;
  for (int d = 0; d < type.rank(); ++d) {
    const bool is_inner = std::find(dims.begin(), dims.end(), d) != dims.end();
    (is_inner ? inner : kept).push_back(type.sizes[d]);
    (is_inner ? inner_strides : kept_strides).push_back(view.strides[d]);
  }
  int64_t slice = 0;
  std::vector<int64_t> offsets;
  ForEachIndex(kept, [&](absl::Span<const int64_t> index) {
    int64_t base = 0;
    for (size_t d = 0; d < index.size(); ++d) base += index[d] * kept_strides[d];
    offsets.clear();
    ForEachIndex(inner, [&](absl::Span<const int64_t> element) {
      int64_t offset = base;
      for (size_t d = 0; d < element.size(); ++d) offset += element[d] * inner_strides[d];
      offsets.push_back(offset);
    });
    f(slice++, absl::Span<const int64_t>(offsets));
  });
}

template <class W>
void Gather(const PhysicalType& type, const View& view, absl::Span<const int64_t> offsets,
            std::vector<W>* elements) {
  elements->clear();
  for (int64_t offset : offsets) elements->push_back(LoadAs<W>(type.dtype, view.data, offset));
}

inline std::vector<int> ReducedDimsOf(const State& s) {
  return *ReducedDims(*s.op, s.attributes, s.operands[0].rank());
}

// Element i of the dense result `r` = f_r(the i-th slice of operand 0), for one
// function a result.
template <class... F>
void Reduce(const LaunchArgs& args, const F&... f) {
  const State& s = *static_cast<const State*>(args.state);
  const PhysicalType& x = s.operands[0];
  DispatchWide(x.dtype, [&]<class Tag>(Tag) {
    using W = typename Tag::type;
    if constexpr ((std::is_invocable_v<const F&, Elements<W>> && ...)) {
      std::vector<W> elements;
      ForEachSlice(x, args.operands[0], ReducedDimsOf(s),
                   [&](int64_t i, absl::Span<const int64_t> offsets) {
                     Gather(x, args.operands[0], offsets, &elements);
                     int result = 0;
                     auto store = [&](const auto& value) {
                       StoreAs(s.results[result].dtype, args.results[result].data, i, value);
                       ++result;
                     };
                     (store(f(Elements<W>(elements))), ...);
                   });
    }
  });
}

// Replaces every line along attribute dim by f(line), which has its length. `W`
// is the kind of number of the result.
template <class F>
void Scan(const LaunchArgs& args, const F& f) {
  const State& s = *static_cast<const State*>(args.state);
  const PhysicalType& x = s.operands[0];
  const PhysicalType& y = s.results[0];
  const int dim = *NormalizeDim(s.attributes.Get<int64_t>("dim"), x.rank());
  DispatchWide(y.dtype, [&]<class Tag>(Tag) {
    using W = typename Tag::type;
    if constexpr (std::is_invocable_v<const F&, Elements<W>>) {
      std::vector<std::vector<W>> lines;
      std::vector<W> line;
      ForEachSlice(x, args.operands[0], {&dim, 1}, [&](int64_t, absl::Span<const int64_t> offsets) {
        Gather(x, args.operands[0], offsets, &line);
        lines.push_back(f(Elements<W>(line)));
      });
      ForEachSlice(y, args.results[0], {&dim, 1},
                   [&](int64_t i, absl::Span<const int64_t> offsets) {
                     for (size_t k = 0; k < offsets.size(); ++k) {
                       StoreAs(y.dtype, args.results[0].data, offsets[k], lines[i][k]);
                     }
                   });
    }
  });
}

}  // namespace otium::reference

#endif  // OTIUM_BACKENDS_REFERENCE_REDUCE_H_

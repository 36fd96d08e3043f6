// SPDX-License-Identifier: Apache-2.0
//
// Picking elements.

#include <algorithm>

#include "backends/reference/movement.h"
#include "ops/infer.h"
#include "ops/shape_rules.h"

namespace otium::reference {
namespace {

int DimAttribute(const State& s) {
  return *NormalizeDim(s.attributes.Get<int64_t>("dim"), s.operands[0].rank());
}

// The value of the index tensor at `at`; when it is no index of `size`, reports
// it (the op's failure knows the code) and gives -1.
int64_t IndexAt(const LaunchArgs& args, absl::Span<const int64_t> at, int64_t position,
                int64_t size) {
  const State& s = *static_cast<const State*>(args.state);
  const View& view = args.operands[1];
  const int64_t offset = Offset(view, at);
  const int64_t index = s.operands[1].dtype == DType::kI32 ? view.as<const int32_t>()[offset]
                                                           : view.as<const int64_t>()[offset];
  if (index >= 0 && index < size) return index;
  if (args.info->code == 0) {
    args.info->code = index < 0 ? index : index + 1;
    args.info->index = position;
  }
  return -1;
}

// Keeps elements (i, j) of the last two dimensions with keep(j - i).
template <class Keep>
void Triangle(const LaunchArgs& args, Keep keep) {
  CopyMapped(args, [&](absl::Span<const int64_t> to, absl::Span<int64_t> from) {
    std::copy(to.begin(), to.end(), from.begin());
    return keep(to[to.size() - 1] - to[to.size() - 2]);
  });
}

}  // namespace

void Slice(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int dim = DimAttribute(s);
  const SliceBounds bounds = *ResolveSlice(*s.op, s.attributes, s.operands[0].sizes[dim]);
  CopyMapped(args, [&](absl::Span<const int64_t> to, absl::Span<int64_t> from) {
    std::copy(to.begin(), to.end(), from.begin());
    from[dim] = bounds.start.value() + bounds.step * to[dim];
    return true;
  });
}

void Select(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int dim = DimAttribute(s);
  const int64_t index = ResolveIndex(s.attributes, dim, s.operands[0].sizes[dim])->value();
  CopyMapped(args, [&](absl::Span<const int64_t> to, absl::Span<int64_t> from) {
    for (size_t d = 0; d < to.size(); ++d) from[d < static_cast<size_t>(dim) ? d : d + 1] = to[d];
    from[dim] = index;
    return true;
  });
}

void IndexSelect(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int dim = DimAttribute(s);
  CopyMapped(args, [&](absl::Span<const int64_t> to, absl::Span<int64_t> from) {
    std::copy(to.begin(), to.end(), from.begin());
    from[dim] = IndexAt(args, {&to[dim], 1}, to[dim], s.operands[0].sizes[dim]);
    return from[dim] >= 0;
  });
}

void Gather(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int dim = DimAttribute(s);
  int64_t position = 0;
  CopyMapped(args, [&](absl::Span<const int64_t> to, absl::Span<int64_t> from) {
    std::copy(to.begin(), to.end(), from.begin());
    from[dim] = IndexAt(args, to, position++, s.operands[0].sizes[dim]);
    return from[dim] >= 0;
  });
}

void Diag(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int64_t k = s.attributes.Get<int64_t>("diagonal");
  const int64_t row = std::max<int64_t>(-k, 0), column = std::max<int64_t>(k, 0);
  CopyMapped(args, [&](absl::Span<const int64_t> to, absl::Span<int64_t> from) {
    if (to.size() == 1) {
      from[0] = row + to[0];
      from[1] = column + to[0];
      return true;
    }
    from[0] = to[0] - row;
    return to[1] - to[0] == k;
  });
}

void Diagonal(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const Shape shape{absl::Span<const int64_t>(s.operands[0].sizes)};
  const DiagonalBounds bounds = *ResolveDiagonal(s.attributes, shape);
  CopyMapped(args, [&](absl::Span<const int64_t> to, absl::Span<int64_t> from) {
    size_t next = 0;
    for (int d = 0; d < static_cast<int>(from.size()); ++d) {
      if (d != bounds.dim1 && d != bounds.dim2) from[d] = to[next++];
    }
    from[bounds.dim1] = bounds.row + to.back();
    from[bounds.dim2] = bounds.column + to.back();
    return true;
  });
}

void Tril(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int64_t k = s.attributes.Get<int64_t>("diagonal");
  Triangle(args, [k](int64_t above) { return above <= k; });
}

void Triu(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const int64_t k = s.attributes.Get<int64_t>("diagonal");
  Triangle(args, [k](int64_t above) { return above >= k; });
}

void Nonzero(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const PhysicalType& x = s.operands[0];
  int64_t* out = args.results[0].as<int64_t>();
  // A count that was given may be wrong; the rows beyond it are only counted.
  const int64_t rows = s.results[0].sizes[0];
  int64_t count = 0;
  DispatchDType(x.dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    ForEachIndex(x.sizes, [&](absl::Span<const int64_t> index) {
      const T& value = args.operands[0].as<const T>()[BroadcastOffset(x, args.operands[0], index)];
      if (Load(value) == Wide<T>(0)) return;
      if (count < rows) {
        for (size_t d = 0; d < index.size(); ++d) out[count * x.rank() + d] = index[d];
      }
      ++count;
    });
  });
  args.info->count = count;
  if (s.attributes.Get<Dim>("count").IsStatic() && count != rows) {
    args.info->code = 1;
    args.info->index = count;
  }
}

}  // namespace otium::reference

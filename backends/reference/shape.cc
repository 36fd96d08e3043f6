// SPDX-License-Identifier: Apache-2.0
//
// Moving elements. Plans make most of these views; here each is a copy.

#include <utility>

#include "backends/reference/elements.h"
#include "engine/base/tensor.h"
#include "ops/infer.h"

namespace otium::reference {

void Transpose(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const PhysicalType& x = s.operands[0];
  const int a = *NormalizeDim(s.attributes.Get<int64_t>("dim0"), x.rank());
  const int b = *NormalizeDim(s.attributes.Get<int64_t>("dim1"), x.rank());
  Sizes strides(args.operands[0].strides, args.operands[0].strides + x.rank());
  if (a != b) std::swap(strides[a], strides[b]);
  CopyStrided(args.operands[0].data, strides, args.results[0].data,
              {args.results[0].strides, strides.size()}, s.results[0].sizes, ItemSize(x.dtype));
}

void Nonzero(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const PhysicalType& x = s.operands[0];
  int64_t* out = args.results[0].as<int64_t>();
  int64_t count = 0;
  DispatchDType(x.dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    ForEachIndex(x.sizes, [&](absl::Span<const int64_t> index) {
      const T& value = args.operands[0].as<const T>()[BroadcastOffset(x, args.operands[0], index)];
      if (Load(value) == Wide<T>(0)) return;
      for (size_t d = 0; d < index.size(); ++d) out[count * x.rank() + d] = index[d];
      ++count;
    });
  });
  args.info->count = count;
}

}  // namespace otium::reference

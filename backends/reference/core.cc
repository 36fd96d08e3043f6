// SPDX-License-Identifier: Apache-2.0
//
// Copies, casts and constants.

#include "backends/reference/map.h"
#include "engine/base/tensor.h"

namespace otium::reference {

void Clone(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const PhysicalType& x = s.operands[0];
  CopyStrided(args.operands[0].data, {args.operands[0].strides, x.sizes.size()},
              args.results[0].data, {args.results[0].strides, x.sizes.size()}, x.sizes,
              ItemSize(x.dtype));
}

void Cast(const LaunchArgs& args) {
  Map<1>(args, [](auto x) { return x; });
}

void FillSize(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  *args.results[0].as<int64_t>() = s.attributes.Get<Dim>("value").value();
}

void FillConstant(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const Tensor& value = s.attributes.Get<Tensor>("value");
  CopyStrided(value.data(), value.strides(), args.results[0].data,
              {args.results[0].strides, value.sizes().size()}, value.sizes(),
              ItemSize(value.dtype()));
}

}  // namespace otium::reference

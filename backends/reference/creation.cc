// SPDX-License-Identifier: Apache-2.0
//
// Tensors made of nothing.

#include "backends/philox.h"
#include "backends/reference/elements.h"

namespace otium::reference {

void Eye(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  DispatchDType(s.results[0].dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    ForEachIndex(s.results[0].sizes, [&](absl::Span<const int64_t> index) {
      args.results[0].as<T>()[BroadcastOffset(s.results[0], args.results[0], index)] =
          Store<T>(Wide<T>(index[0] == index[1] ? 1 : 0));
    });
  });
}

void Rand(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const auto stream = static_cast<uint64_t>(s.attributes.Get<int64_t>("stream"));
  uint64_t i = 0;
  DispatchDType(s.results[0].dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    ForEachIndex(s.results[0].sizes, [&](absl::Span<const int64_t> index) {
      T& out = args.results[0].as<T>()[BroadcastOffset(s.results[0], args.results[0], index)];
      if constexpr (std::is_same_v<T, double>) {
        out = UniformDoubleAt(args.seed, stream, i);
      } else if constexpr (std::is_same_v<T, std::complex<double>>) {
        out = T(UniformDoubleAt(args.seed, stream, 2 * i), UniformDoubleAt(args.seed, stream, 2 * i + 1));
      } else if constexpr (std::is_same_v<T, std::complex<float>>) {
        out = T(UniformFloatAt(args.seed, stream, 2 * i), UniformFloatAt(args.seed, stream, 2 * i + 1));
      } else {
        out = static_cast<T>(UniformFloatAt(args.seed, stream, i));
      }
      ++i;
    });
  });
}

}  // namespace otium::reference

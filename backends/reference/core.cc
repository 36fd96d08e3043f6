// SPDX-License-Identifier: Apache-2.0
//
// Copies, casts and constants.

#include "backends/reference/elements.h"
#include "engine/base/tensor.h"

namespace otium::reference {

void Clone(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const PhysicalType& x = s.operands[0];
  CopyStrided(args.operands[0].data, {args.operands[0].strides, x.sizes.size()},
              args.results[0].data, {args.results[0].strides, x.sizes.size()}, x.sizes,
              ItemSize(x.dtype));
}

namespace {

// Floats become integers by truncation; what does not fit is what the hardware
// gives (INT_MIN), and anything but zero is true.
template <class To, class From>
To Convert(const From& value) {
  const Wide<From> wide = Load(value);
  if constexpr (std::is_same_v<To, bool>) {
    return wide != Wide<From>(0);
  } else if constexpr (std::is_same_v<Wide<From>, std::complex<double>>) {
    if constexpr (std::is_same_v<Wide<To>, std::complex<double>>) return Store<To>(wide);
    else return To();  // Refused by the op's type rule.
  } else if constexpr (std::is_integral_v<To> && !std::is_integral_v<From>) {
    if (!(wide > -9.3e18 && wide < 9.2e18)) return std::numeric_limits<To>::min();
    return static_cast<To>(static_cast<int64_t>(wide));
  } else {
    return Store<To>(static_cast<Wide<To>>(wide));
  }
}

}  // namespace

void Cast(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  DispatchDType(s.operands[0].dtype, [&]<class From>(From) {
    DispatchDType(s.results[0].dtype, [&]<class To>(To) {
      using T = typename To::type;
      ForEachIndex(s.results[0].sizes, [&](absl::Span<const int64_t> index) {
        const int64_t from = BroadcastOffset(s.operands[0], args.operands[0], index);
        const int64_t to = BroadcastOffset(s.results[0], args.results[0], index);
        args.results[0].as<T>()[to] =
            Convert<T>(args.operands[0].as<const typename From::type>()[from]);
      });
    });
  });
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

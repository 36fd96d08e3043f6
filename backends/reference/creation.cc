// SPDX-License-Identifier: Apache-2.0
//
// Tensors made of nothing. Results are dense row-major: element i is the i-th of
// the walk over all indices.

#include <numbers>

#include "backends/number.h"
#include "backends/philox.h"
#include "backends/reference/map.h"
#include "ops/creation.h"

namespace otium::reference {
namespace {

// result[i] = f(i), a wide number.
template <class F>
void Generate(const LaunchArgs& args, F f) {
  const PhysicalType& result = static_cast<const State*>(args.state)->results[0];
  for (int64_t i = 0; i < result.NumElements(); ++i) {
    StoreAs(result.dtype, args.results[0].data, i, f(i));
  }
}

void Fill(const LaunchArgs& args, size_t operand) {
  const State& s = *static_cast<const State*>(args.state);
  DispatchWide(s.operands[operand].dtype, [&]<class Tag>(Tag) {
    const auto value =
        LoadAs<typename Tag::type>(s.operands[operand].dtype, args.operands[operand].data, 0);
    Generate(args, [&](int64_t) { return value; });
  });
}

// result[i] = number i of the stream, from `single` when f32 holds the result and
// from `real` when f64 does; a complex element takes two.
template <class Single, class Real>
void GenerateRandom(const LaunchArgs& args, double complex_scale, Single single, Real real) {
  const State& s = *static_cast<const State*>(args.state);
  const auto stream = static_cast<uint64_t>(s.attributes.Get<int64_t>("stream"));
  const DType dtype = s.results[0].dtype;
  const bool wide = RealDType(dtype) == DType::kF64;
  auto number = [&](int64_t i) -> double {
    return wide ? real(args.seed, stream, i) : single(args.seed, stream, i);
  };
  if (IsComplex(dtype)) {
    Generate(args, [&](int64_t i) {
      return complex_scale * std::complex<double>(number(2 * i), number(2 * i + 1));
    });
  } else {
    Generate(args, number);
  }
}

}  // namespace

void Zeros(const LaunchArgs& args) {
  Generate(args, [](int64_t) { return int64_t{0}; });
}
void Ones(const LaunchArgs& args) {
  Generate(args, [](int64_t) { return int64_t{1}; });
}
void Full(const LaunchArgs& args) { Fill(args, 0); }
void FullLike(const LaunchArgs& args) { Fill(args, 1); }

void Eye(const LaunchArgs& args) {
  const int64_t columns = static_cast<const State*>(args.state)->results[0].sizes[1];
  Generate(args, [&](int64_t i) { return i / columns == i % columns; });
}

void Arange(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const ArangeNumbers range = ArangeNumbersOf(s.attributes);
  if (IsInteger(s.results[0].dtype)) {
    const int64_t start = NumberAsInteger(range.start), step = NumberAsInteger(range.step);
    Generate(args, [&](int64_t i) { return WrappingAdd(start, WrappingMul(i, step)); });
  } else {
    const double start = NumberAsDouble(range.start), step = NumberAsDouble(range.step);
    Generate(args, [&](int64_t i) { return start + static_cast<double>(i) * step; });
  }
}

// Each half is counted from its own end, so that both ends are exact.
void Linspace(const LaunchArgs& args) {
  const State& s = *static_cast<const State*>(args.state);
  const double start = NumberAsDouble(s.attributes["start"]);
  const double end = NumberAsDouble(s.attributes["end"]);
  const int64_t steps = s.results[0].sizes[0];
  const double step = steps > 1 ? (end - start) / static_cast<double>(steps - 1) : 0;
  Generate(args, [&](int64_t i) {
    return steps == 1 || i < steps / 2 ? start + step * static_cast<double>(i)
                                       : end - step * static_cast<double>(steps - 1 - i);
  });
}

void Rand(const LaunchArgs& args) {
  const float grid = UniformGrid(static_cast<const State*>(args.state)->results[0].dtype);
  const auto single = [grid](uint64_t seed, uint64_t stream, uint64_t i) {
    return OnGrid(UniformFloatAt(seed, stream, i), grid);
  };
  GenerateRandom(args, 1, single, UniformDoubleAt);
}
void Randn(const LaunchArgs& args) {
  GenerateRandom(args, std::numbers::sqrt2 / 2, NormalFloatAt, NormalDoubleAt);
}

}  // namespace otium::reference

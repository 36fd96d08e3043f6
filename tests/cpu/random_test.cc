// SPDX-License-Identifier: Apache-2.0
//
// rand and randn of the CPU: the bits of uniform numbers, how far normal ones are
// from the definition, and that neither depends on the number of threads.

#include <cmath>
#include <cstring>
#include <vector>

#include "backends/cpu/cpu.h"
#include "backends/cpu/parallel.h"
#include "backends/philox.h"
#include "engine/base/tensor.h"
#include "engine/graph/schema.h"
#include "gtest/gtest.h"

namespace otium::cpu {
namespace {

// Many tasks, and a last tile that is not whole.
constexpr int64_t kCount = 100003;
constexpr uint64_t kSeed = 0x0123456789abcdef;
constexpr int64_t kStream = (int64_t{5} << 32) + 3;

Tensor Generate(Op op, DType dtype) {
  const OpDef& def = GetOp(op);
  const Attributes attributes =
      *ResolveAttributes(def, {{"size", Dims{kCount}}, {"dtype", dtype}, {"stream", kStream}});
  PhysicalType type;
  type.dtype = dtype;
  type.sizes = {kCount};
  type.strides = {1};
  const KernelCall call{def, attributes, {}, {&type, 1}};
  for (const Kernel& kernel : CpuBackend().kernels()) {
    if (!Accepts(kernel, call)) continue;
    const Prepared prepared = kernel.prepare(call);
    Tensor result = *Tensor::Allocate(dtype, type.sizes);
    const View view{result.mutable_data(), type.sizes.data(), type.strides.data()};
    StepInfo info;
    prepared.launch({prepared.state.get(), nullptr, &view, nullptr, &info, kSeed});
    return result;
  }
  return Tensor();
}

TEST(RandomTest, UniformNumbersAreTheStreams) {
  const Tensor floats = Generate(Op::rand, DType::kF32), doubles = Generate(Op::rand, DType::kF64);
  for (int64_t i = 0; i < kCount; ++i) {
    ASSERT_EQ(floats.data<float>()[i], UniformFloatAt(kSeed, kStream, i)) << i;
    ASSERT_EQ(doubles.data<double>()[i], UniformDoubleAt(kSeed, kStream, i)) << i;
  }
}

// Of a grid that the type holds, so that none is rounded to 1.
TEST(RandomTest, NarrowUniformNumbersAreBelowOne) {
  const Tensor half = Generate(Op::rand, DType::kF16), brain = Generate(Op::rand, DType::kBF16);
  for (int64_t i = 0; i < kCount; ++i) {
    const double number = UniformFloatAt(kSeed, kStream, i);
    ASSERT_EQ(static_cast<float>(half.data<Float16>()[i]), std::floor(number * 2048) / 2048) << i;
    ASSERT_EQ(static_cast<float>(brain.data<BFloat16>()[i]), std::floor(number * 256) / 256) << i;
  }
}

// The logarithm and the sine are within 4 ulp; the root halves the error of the
// first. With the roundings of root and product, and the reference's own of one
// ulp for each function, 10 ulp of f64 are between them: two numbers that round to
// the same float, or to neighbours.
TEST(RandomTest, NormalNumbersAreNearTheDefinition) {
  const Tensor floats = Generate(Op::randn, DType::kF32),
               doubles = Generate(Op::randn, DType::kF64);
  for (int64_t i = 0; i < kCount; ++i) {
    const double d = NormalDoubleAt(kSeed, kStream, i);
    ASSERT_LE(std::abs(doubles.data<double>()[i] - d), 10 * 0x1p-52 * std::abs(d)) << i;
    const auto f = static_cast<float>(NormalFloatAt(kSeed, kStream, i));
    const float actual = floats.data<float>()[i];
    ASSERT_TRUE(actual == f || actual == std::nextafter(f, actual)) << i;
  }
}

TEST(RandomTest, DoNotDependOnThreads) {
  const int before = Threads();
  for (Op op : {Op::rand, Op::randn}) {
    for (DType dtype : {DType::kF32, DType::kC128, DType::kBF16}) {
      SetThreads(1);
      const Tensor one = Generate(op, dtype);
      SetThreads(4);
      const Tensor four = Generate(op, dtype);
      EXPECT_EQ(std::memcmp(one.data(), four.data(), kCount * ItemSize(dtype)), 0);
    }
  }
  SetThreads(before);
}

}  // namespace
}  // namespace otium::cpu

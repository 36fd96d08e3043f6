// SPDX-License-Identifier: Apache-2.0
//
// Every kernel line of every backend against the reference: each op that has a
// line is applied to random operands of each dtype the line names, in random
// shapes, strides, batches and structures, by the kernel and by the plain loop.
//
// Tolerances are a-priori bounds: eps times the inner size times the magnitudes
// that were added up, never what happened to pass. Results that are compared
// bit by bit (integers, bool) say so by their dtype.

#include <cmath>
#include <random>

#include "backends/backends.h"
#include "backends/cpu/cpu.h"
#include "backends/reference/reference.h"
#include "engine/base/tensor.h"
#include "gtest/gtest.h"
#include "tests/backends/cases.h"
#include "tests/rounds.h"

namespace otium {
namespace {

// Kernels by "name op", so that a failure names the line.
std::vector<const Kernel*> CpuKernels() {
  std::vector<const Kernel*> kernels;
  for (const Kernel& k : CpuBackend().kernels()) {
    // What a fused kernel does is its graph's: tests/region.
    if (k.op != Op::fused) kernels.push_back(&k);
  }
  return kernels;
}

class KernelLine : public testing::TestWithParam<const Kernel*> {};

TEST_P(KernelLine, AgreesWithTheReference) {
  const Kernel& kernel = *GetParam();
  int ran = 0;
  for (int d = 0; d < kNumDTypes; ++d) {
    const auto dtype = static_cast<DType>(d);
    if ((kernel.dtypes & DTypeBit(dtype)) == 0) continue;
    // More where nothing was made yet that the kernel takes.
    for (uint32_t seed = 0; seed < 24 && (seed < Rounds(24) || ran == 0); ++seed) {
      std::mt19937 random(seed * 977 + d);
      std::optional<KernelCase> c = MakeCase(kernel, dtype, random);
      if (!c.has_value()) continue;
      const std::string difference = CompareWithReference(kernel, *c);
      EXPECT_EQ(difference, "") << kernel.name << " " << GetOp(kernel.op).name << " "
                                << DTypeName(dtype) << " seed " << seed << ": " << c->Describe();
      ++ran;
    }
  }
  EXPECT_GT(ran, 0) << "no case was made for " << kernel.name << " " << GetOp(kernel.op).name
                    << ": teach tests/backends/cases.cc its operands";
}

INSTANTIATE_TEST_SUITE_P(Cpu, KernelLine, testing::ValuesIn(CpuKernels()),
                         [](const testing::TestParamInfo<const Kernel*>& info) {
                           std::string name = std::to_string(info.index) + "_" +
                                              std::string(GetOp(info.param->op).name);
                           return name;
                         });

}  // namespace
}  // namespace otium

// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/cpu.h"

#include "backends/cpu/prepare.h"

namespace otium {
namespace cpu {
namespace {

using enum Efficiency;

#define OTIUM_CPU_TAPE(op_name, in_place_operands)                                        \
  OTIUM_CPU_KERNEL(op_name, "cpu.tape", kAllDTypes, kStreaming, AcceptsTape, PrepareTape, \
                   .in_place = in_place_operands)
constexpr Kernel kKernels[] = {
#define OTIUM_CPU_KERNEL(op_name, kernel_name, dtype_set, class_, accepts_fn, prepare_fn, ...) \
  {.name = kernel_name,                                                                        \
   .op = Op::op_name,                                                                          \
   .dtypes = dtype_set,                                                                        \
   .efficiency = class_,                                                                       \
   __VA_ARGS__ __VA_OPT__(, ).accepts = accepts_fn,                                            \
   .prepare = prepare_fn},
#include "backends/cpu/kernels.inc"
#undef OTIUM_CPU_KERNEL
#undef OTIUM_CPU_TAPE
};

class HostProcessor : public Backend {
 public:
  absl::string_view name() const override { return "cpu"; }
  Device device() const override { return Device{}; }
  absl::Span<const Kernel> kernels() const override { return kKernels; }
};

}  // namespace
}  // namespace cpu

Backend& CpuBackend() {
  static auto* backend = new cpu::HostProcessor;
  return *backend;
}

}  // namespace otium

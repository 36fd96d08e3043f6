// SPDX-License-Identifier: Apache-2.0
#include "backends/reference/reference.h"

#include "backends/reference/elements.h"

namespace otium {
namespace reference {

#define OTIUM_REFERENCE(op, dtypes, launch) void launch(const LaunchArgs& args);
#include "backends/reference/kernels.inc"
#undef OTIUM_REFERENCE

namespace {

constexpr Kernel kKernels[] = {
#define OTIUM_REFERENCE(op_name, dtype_set, launch) \
  {.name = "reference." #op_name,                   \
   .op = Op::op_name,                               \
   .dtypes = dtype_set,                             \
   .efficiency = Efficiency::kReference,            \
   .prepare = PrepareWithState<launch>},
#include "backends/reference/kernels.inc"
#undef OTIUM_REFERENCE
};

class HostLoops : public Backend {
 public:
  absl::string_view name() const override { return "reference"; }
  Device device() const override { return Device{}; }
  absl::Span<const Kernel> kernels() const override { return kKernels; }
};

}  // namespace
}  // namespace reference

Backend& ReferenceBackend() {
  static auto* backend = new reference::HostLoops;
  return *backend;
}

}  // namespace otium

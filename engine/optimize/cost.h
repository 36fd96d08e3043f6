// SPDX-License-Identifier: Apache-2.0
//
// The whole cost model: predicted seconds of a step on a device, and of moving
// bytes between devices. No pass and no placement has another idea of cost.
//
//   seconds = launch + max(flops / (peak * efficiency(size)), bytes / bandwidth)
//
// The constants of a device come from `otium calibrate` (a file in the cache
// folder) or from the defaults here; a described GPU (`--device-model h200`) need
// not be present. Same machine, same numbers: plans depend on them.

#ifndef OTIUM_ENGINE_OPTIMIZE_COST_H_
#define OTIUM_ENGINE_OPTIMIZE_COST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "backends/backend.h"
#include "engine/base/device.h"
#include "engine/base/export.h"
#include "engine/base/hash.h"
#include "ops/op.h"

namespace otium {

struct OTIUM_EXPORT DeviceModel {
  Device device;
  std::string name;  // "2 x AMD EPYC", "h200".
  // Whether steps can run there, or it is only planned for.
  bool present = true;
  // Best measured multiply-add rate of large products, flops a second.
  double f32_flops = 80e9;
  double f64_flops = 40e9;
  // Memory, and the last cache, which intermediate results of that size stay in.
  double memory_bandwidth = 20e9;  // bytes a second
  double cache_bandwidth = 60e9;
  int64_t cache_bytes = 8 << 20;
  int64_t memory_bytes = int64_t{8} << 30;
  double launch_seconds = 100e-9;
  // To and from host memory; of no meaning for the CPU.
  double link_bandwidth = 20e9;
  double link_seconds = 10e-6;
};

struct OTIUM_EXPORT Machine {
  // devices[0] is the CPU.
  std::vector<DeviceModel> devices;

  // Null when it has no such device.
  const DeviceModel* Find(Device device) const;
  // Part of every plan's key.
  Hash128 fingerprint() const;
  // One line a constant; Parse reads what ToString wrote, else kInvalidArgument.
  std::string ToString() const;
  static absl::StatusOr<Machine> Parse(absl::string_view text);
};

// This machine as calibrated, or with defaults; reads the cache folder once.
OTIUM_EXPORT const Machine& HostMachine();
// A GPU that is only described: "h200", "h100", "a100", "rtx4090". Others are
// kInvalidArgument, which lists the names.
OTIUM_EXPORT absl::StatusOr<DeviceModel> NamedDeviceModel(absl::string_view name);

// Predicted: real operations, bytes read and written, seconds.
struct OTIUM_EXPORT StepCost {
  double flops = 0;
  double bytes = 0;
  double seconds = 0;
};

// One application of an op, with static shapes, by a kernel of `efficiency`.
OTIUM_EXPORT StepCost CostOf(const DeviceModel& device, const OpCall& call,
                             absl::Span<const TensorType> results, Efficiency efficiency);
// The same when the kernel is not chosen yet: the usual one for the op.
OTIUM_EXPORT StepCost CostOf(const DeviceModel& device, const OpCall& call,
                             absl::Span<const TensorType> results);
// Of moving `bytes`; 0 when both are one device.
OTIUM_EXPORT double TransferSeconds(const DeviceModel& from, const DeviceModel& to, int64_t bytes);

}  // namespace otium

#endif  // OTIUM_ENGINE_OPTIMIZE_COST_H_

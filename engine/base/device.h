// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_ENGINE_BASE_DEVICE_H_
#define OTIUM_ENGINE_BASE_DEVICE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/base/export.h"

namespace otium {

// `index` counts the devices of a kind from 0; there is one CPU.
enum class DeviceKind : uint8_t { kCpu, kCuda };

struct OTIUM_EXPORT Device {
  DeviceKind kind = DeviceKind::kCpu;
  int8_t index = 0;

  friend bool operator==(const Device&, const Device&) = default;
};

// "cpu", "cuda:0".
OTIUM_EXPORT std::string DeviceToString(Device device);
// "cpu", "cuda", "cuda:1"; empty for anything else.
OTIUM_EXPORT std::optional<Device> DeviceFromString(absl::string_view text);

}  // namespace otium

#endif  // OTIUM_ENGINE_BASE_DEVICE_H_

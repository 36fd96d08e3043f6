// SPDX-License-Identifier: Apache-2.0
//
// Any text: a device name or refused; what is accepted prints, and reads back
// as the same device.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "absl/strings/string_view.h"
#include "engine/base/device.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const std::optional<otium::Device> device = otium::DeviceFromString(text);
  if (device && otium::DeviceFromString(otium::DeviceToString(*device)) != device) abort();
  return 0;
}

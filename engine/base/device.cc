// SPDX-License-Identifier: Apache-2.0
#include "engine/base/device.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace otium {

std::string DeviceToString(Device device) {
  return device.kind == DeviceKind::kCpu ? "cpu" : absl::StrCat("cuda:", device.index);
}

std::optional<Device> DeviceFromString(absl::string_view text) {
  if (text == "cpu") return Device{};
  if (text == "cuda") return Device{DeviceKind::kCuda, 0};
  int index = 0;
  if (absl::ConsumePrefix(&text, "cuda:") && absl::SimpleAtoi(text, &index) && index >= 0 &&
      index < 128) {
    return Device{DeviceKind::kCuda, static_cast<int8_t>(index)};
  }
  return std::nullopt;
}

}  // namespace otium

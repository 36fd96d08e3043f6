// SPDX-License-Identifier: Apache-2.0
//
// otium devices: what there is here, and what the cost model believes of it.

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/cache_dir.h"
#include "engine/base/status.h"
#include "engine/optimize/cost.h"
#include "nlohmann/json.hpp"
#include "tools/otium/commands.h"
#include "tools/viz/units.h"

namespace otium::cli {

using viz::BytesText;
using viz::ScaledText;
using viz::SecondsText;

namespace {

Json DeviceToJson(const DeviceModel& d) {
  return {{"device", DeviceToString(d.device)},
          {"name", d.name},
          {"present", d.present},
          {"f32_flops", d.f32_flops},
          {"f64_flops", d.f64_flops},
          {"memory_bandwidth", d.memory_bandwidth},
          {"cache_bandwidth", d.cache_bandwidth},
          {"cache_bytes", d.cache_bytes},
          {"memory_bytes", d.memory_bytes},
          {"launch_seconds", d.launch_seconds},
          {"link_bandwidth", d.link_bandwidth},
          {"link_seconds", d.link_seconds}};
}

void PrintDevice(Session& session, const DeviceModel& d) {
  std::string text = absl::StrCat(DeviceToString(d.device), "  ", d.name,
                                  d.present ? "" : " (described, not here)", "\n");
  auto line = [&](absl::string_view what, const std::string& value) {
    absl::StrAppendFormat(&text, "  %-18s %s\n", what, value);
  };
  line("f32 products", ScaledText(d.f32_flops, "FLOP/s"));
  line("f64 products", ScaledText(d.f64_flops, "FLOP/s"));
  line("memory", absl::StrCat(BytesText(static_cast<double>(d.memory_bytes)), ", ",
                              ScaledText(d.memory_bandwidth, "B/s")));
  line("cache", absl::StrCat(BytesText(static_cast<double>(d.cache_bytes)), ", ",
                             ScaledText(d.cache_bandwidth, "B/s")));
  line("a step costs", SecondsText(d.launch_seconds));
  if (d.device.kind != DeviceKind::kCpu) {
    line("link to host", absl::StrCat(ScaledText(d.link_bandwidth, "B/s"), ", ",
                                      SecondsText(d.link_seconds), " to start"));
  }
  session.Print(text);
}

}  // namespace

absl::Status DevicesCommand(Session& session) {
  Machine machine = HostMachine();
  if (!session.options().device_model.empty()) {
    absl::StatusOr<DeviceModel> model = NamedDeviceModel(session.options().device_model);
    if (!model.ok()) return WithExit(model.status(), Exit::kUsage);
    machine.devices.push_back(*std::move(model));
  }
  const bool calibrated = ReadCacheFile("machine.txt").ok();
  if (session.options().json) {
    Json list = Json::array();
    for (const DeviceModel& d : machine.devices) list.push_back(DeviceToJson(d));
    session.document()["devices"] = std::move(list);
    session.document()["cores"] = std::thread::hardware_concurrency();
    session.document()["calibrated"] = calibrated;
    session.document()["cache_folder"] = CacheDir();
    return absl::OkStatus();
  }
  for (const DeviceModel& d : machine.devices) PrintDevice(session, d);
  if (!calibrated) session.Note("otium: these are guesses: otium calibrate measures them");
  return absl::OkStatus();
}

}  // namespace otium::cli

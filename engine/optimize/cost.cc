// SPDX-License-Identifier: Apache-2.0
#include "engine/optimize/cost.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "engine/base/cache_dir.h"
#include "engine/base/status.h"

namespace otium {
namespace {

// The share of peak that products reach, by the flops of one matrix: half at
// `half` flops, rising to 1.
double SizeEfficiency(double flops, double half) { return flops / (flops + half); }

// Factorizations of order n reach a share that grows with n, and half of what they
// ever do at n0, where n0^3 flops take this long at peak. LAPACK on one core of a
// desktop: n0 about 350. Devices that are faster need more to be busy.
constexpr double kSecondsAtHalf = 1.2e-3;
double FactorEfficiency(double flops, double peak) {
  const double n = std::cbrt(flops), n0 = std::cbrt(kSecondsAtHalf * peak);
  return 0.8 * n / (n + n0);
}
// They are made panel by panel, of this many columns, with so many launches each.
constexpr double kPanel = 32, kLaunchesAPanel = 8;
double FactorLaunches(double flops) {
  return std::max(1.0, kLaunchesAPanel * std::floor(std::cbrt(1.5 * flops) / kPanel));
}

Efficiency UsualEfficiency(const OpDef& op, double flops, double bytes) {
  if (op.Is(kPointwiseOp) || op.Is(kReductionOp) || op.Is(kCreationOp)) {
    return Efficiency::kStreaming;
  }
  if (op.Is(kFallible)) return Efficiency::kFactor;
  return flops > 4 * bytes ? Efficiency::kLevel3 : Efficiency::kStreaming;
}

// The constants of a device by name, for text and parsing.
struct Field {
  absl::string_view name;
  double DeviceModel::*real;
  int64_t DeviceModel::*integer;
};
constexpr Field kFields[] = {
    {"f32_flops", &DeviceModel::f32_flops, nullptr},
    {"f64_flops", &DeviceModel::f64_flops, nullptr},
    {"memory_bandwidth", &DeviceModel::memory_bandwidth, nullptr},
    {"cache_bandwidth", &DeviceModel::cache_bandwidth, nullptr},
    {"cache_bytes", nullptr, &DeviceModel::cache_bytes},
    {"memory_bytes", nullptr, &DeviceModel::memory_bytes},
    {"launch_seconds", &DeviceModel::launch_seconds, nullptr},
    {"link_bandwidth", &DeviceModel::link_bandwidth, nullptr},
    {"link_seconds", &DeviceModel::link_seconds, nullptr},
};

DeviceModel DefaultHost() {
  DeviceModel host;
  host.name =
      absl::StrCat(std::max(1u, std::thread::hardware_concurrency()), " cores, not calibrated");
  host.memory_bytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  return host;
}

}  // namespace

const DeviceModel* Machine::Find(Device device) const {
  for (const DeviceModel& d : devices) {
    if (d.device == device) return &d;
  }
  return nullptr;
}

std::string Machine::ToString() const {
  std::string text = "otium machine 1\n";
  for (const DeviceModel& d : devices) {
    absl::StrAppend(&text, "device ", DeviceToString(d.device), " ", d.name, "\n");
    for (const Field& f : kFields) {
      if (f.real != nullptr) {
        char number[32];
        std::snprintf(number, sizeof(number), "%.6g", d.*f.real);
        absl::StrAppend(&text, f.name, " ", number, "\n");
      } else {
        absl::StrAppend(&text, f.name, " ", d.*f.integer, "\n");
      }
    }
  }
  return text;
}

absl::StatusOr<Machine> Machine::Parse(absl::string_view text) {
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  if (lines.empty() || lines[0] != "otium machine 1") {
    return absl::InvalidArgumentError("not a machine description");
  }
  Machine machine;
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> entry =
        absl::StrSplit(lines[i], absl::MaxSplits(' ', 1));
    if (entry.first == "device") {
      const std::pair<absl::string_view, absl::string_view> device =
          absl::StrSplit(entry.second, absl::MaxSplits(' ', 1));
      const std::optional<Device> parsed = DeviceFromString(device.first);
      if (!parsed.has_value()) return absl::InvalidArgumentError("unknown device");
      DeviceModel& model = machine.devices.emplace_back();
      model.device = *parsed;
      model.name = std::string(device.second);
      continue;
    }
    auto field = std::find_if(std::begin(kFields), std::end(kFields),
                              [&](const Field& f) { return f.name == entry.first; });
    double value = 0;
    if (field == std::end(kFields) || machine.devices.empty() ||
        !absl::SimpleAtod(entry.second, &value) || !(value > 0) || value > 1e18) {
      return absl::InvalidArgumentError(absl::StrCat("bad line: ", lines[i]));
    }
    if (field->real != nullptr) machine.devices.back().*field->real = value;
    if (field->integer != nullptr) {
      machine.devices.back().*field->integer = static_cast<int64_t>(value);
    }
  }
  if (machine.devices.empty() || machine.devices[0].device != Device{}) {
    return absl::InvalidArgumentError("the first device must be the cpu");
  }
  return machine;
}

Hash128 Machine::fingerprint() const {
  return Hasher().Add(absl::string_view(ToString())).Finish();
}

const Machine& HostMachine() {
  static const auto* machine = [] {
    const absl::StatusOr<std::string> text = ReadCacheFile("machine.txt");
    if (text.ok()) {
      absl::StatusOr<Machine> parsed = Machine::Parse(*text);
      if (parsed.ok()) return new Machine(*std::move(parsed));
    }
    return new Machine{{DefaultHost()}};
  }();
  return *machine;
}

absl::StatusOr<DeviceModel> NamedDeviceModel(absl::string_view name) {
  struct Named {
    absl::string_view name;
    double f32, f64, bandwidth, link;
    int64_t memory, cache;
  };
  // Data sheets; f32 is IEEE, not TF32.
  static constexpr Named kNamed[] = {
      {"h200", 60e12, 60e12, 4.8e12, 50e9, int64_t{141} << 30, 50 << 20},
      {"h100", 60e12, 60e12, 3.35e12, 50e9, int64_t{80} << 30, 50 << 20},
      {"a100", 19.5e12, 19.5e12, 2.0e12, 25e9, int64_t{80} << 30, 40 << 20},
      {"rtx4090", 80e12, 1.3e12, 1.0e12, 25e9, int64_t{24} << 30, 72 << 20},
  };
  std::vector<absl::string_view> names;
  for (const Named& n : kNamed) {
    names.push_back(n.name);
    if (n.name != name) continue;
    DeviceModel model;
    model.device = Device{DeviceKind::kCuda, 0};
    model.name = std::string(n.name);
    model.present = false;
    model.f32_flops = n.f32;
    model.f64_flops = n.f64;
    model.memory_bandwidth = n.bandwidth;
    model.cache_bandwidth = 2 * n.bandwidth;
    model.memory_bytes = n.memory;
    model.cache_bytes = n.cache;
    model.launch_seconds = 4e-6;
    model.link_bandwidth = n.link;
    return model;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no device model ", name, ": choose ", absl::StrJoin(names, ", ")));
}

StepCost CostOf(const DeviceModel& device, const OpCall& call, absl::Span<const TensorType> results,
                Efficiency efficiency) {
  StepCost cost;
  if (call.op.Is(kViewOp)) return cost;
  for (const TensorType& t : results) cost.bytes += static_cast<double>(t.NumBytes());
  for (int i = 0; i < call.num_operands(); ++i) {
    if (call.Has(i)) cost.bytes += static_cast<double>(call.operand(i).NumBytes());
  }
  cost.flops = FlopsOf(call, results);
  const DType dtype = results.empty() ? DType::kF32 : results[0].dtype;
  const double complex = IsComplex(dtype) ? 4 : 1;
  const bool wide = RealDType(dtype) == DType::kF64 || IsInteger(dtype);
  double peak = (wide ? device.f64_flops : device.f32_flops) / complex;
  switch (efficiency) {
    case Efficiency::kReference: peak = std::min(peak, 3e8); break;
    case Efficiency::kStreaming: peak *= 0.25; break;
    case Efficiency::kLevel3: peak *= SizeEfficiency(cost.flops, 1e5); break;
    case Efficiency::kFactor: peak *= FactorEfficiency(cost.flops, peak); break;
  }
  const bool cached = cost.bytes <= static_cast<double>(device.cache_bytes);
  const double bandwidth = cached ? device.cache_bandwidth : device.memory_bandwidth;
  const double launches = efficiency == Efficiency::kFactor ? FactorLaunches(cost.flops) : 1;
  cost.seconds = launches * device.launch_seconds +
                 std::max(cost.flops > 0 ? cost.flops / peak : 0, cost.bytes / bandwidth);
  return cost;
}

StepCost CostOf(const DeviceModel& device, const OpCall& call,
                absl::Span<const TensorType> results) {
  const StepCost rough = CostOf(device, call, results, Efficiency::kStreaming);
  return CostOf(device, call, results, UsualEfficiency(call.op, rough.flops, rough.bytes));
}

double TransferSeconds(const DeviceModel& from, const DeviceModel& to, int64_t bytes) {
  if (from.device == to.device) return 0;
  const DeviceModel& link = from.device.kind == DeviceKind::kCpu ? to : from;
  return link.link_seconds + static_cast<double>(bytes) / link.link_bandwidth;
}

}  // namespace otium

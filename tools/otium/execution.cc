// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/execution.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/status.h"
#include "engine/graph/text/printer.h"
#include "engine/io/atomic_file.h"
#include "engine/io/npy.h"
#include "engine/run/chrome_trace.h"

namespace otium::cli {
namespace {

absl::StatusOr<std::shared_ptr<const Machine>> MachineFor(const Options& options) {
  auto machine = std::make_shared<Machine>(HostMachine());
  if (!options.device_model.empty()) {
    absl::StatusOr<DeviceModel> model = NamedDeviceModel(options.device_model);
    if (!model.ok()) return WithExit(model.status(), Exit::kUsage);
    if (machine->Find(model->device) != nullptr) {
      model->device.index = static_cast<int8_t>(machine->devices.size());
    }
    machine->devices.push_back(*std::move(model));
  }
  if (options.device == "auto") return machine;
  const std::optional<Device> device = DeviceFromString(options.device);
  if (!device.has_value()) {
    return Fail(Exit::kUsage, absl::StrCat("--device: '", options.device, "' is not a device"),
                "choose auto, cpu, cuda or cuda:N");
  }
  if (machine->Find(*device) == nullptr) {
    return Fail(Exit::kNoDevice,
                absl::StrCat("--device ", options.device, ": this machine has no ",
                             DeviceToString(*device)),
                "--device-model h200 plans for a GPU that is not here");
  }
  if (device->kind == DeviceKind::kCpu) machine->devices.resize(1);
  return machine;
}

}  // namespace

absl::StatusOr<int64_t> ParseBytes(absl::string_view text) {
  absl::string_view digits = text;
  double scale = 1;
  for (absl::string_view suffix : {"iB", "B"}) {
    if (digits.size() > suffix.size() && absl::EndsWith(digits, suffix)) {
      digits.remove_suffix(suffix.size());
    }
  }
  constexpr absl::string_view kPrefixes = "KMGT";
  if (!digits.empty()) {
    const size_t power = kPrefixes.find(absl::ascii_toupper(digits.back()));
    if (power != absl::string_view::npos) {
      scale = std::ldexp(1.0, 10 * static_cast<int>(power + 1));
      digits.remove_suffix(1);
    }
  }
  double value = 0;
  if (!absl::SimpleAtod(digits, &value) || !(value > 0) || value * scale > 0x1p62) {
    return Fail(Exit::kUsage, absl::StrCat("--memory-limit: '", text, "' is not a number of bytes"),
                "for example 2000000, 512M or 1.5G");
  }
  return static_cast<int64_t>(value * scale);
}

absl::StatusOr<CompileOptions> MakeCompileOptions(const Session& session) {
  const Options& options = session.options();
  CompileOptions compile;
  if (options.math == "strict") {
    compile.optimize.math = MathMode::kStrict;
  } else if (options.math == "fast") {
    compile.optimize.math = MathMode::kFast;
  }
  compile.optimize.optimize = !options.no_optimize;
  for (const std::string& pass : options.disabled_passes) {
    const absl::Status known = CheckPassName(pass);
    if (!known.ok()) return WithExit(known, Exit::kUsage);
  }
  compile.optimize.disabled_passes = options.disabled_passes;
  OTIUM_ASSIGN_OR_RETURN(compile.machine, MachineFor(options));
  if (options.device != "auto") compile.device = DeviceFromString(options.device);
  if (options.threads != 0) SetNumThreads(options.threads);
  return compile;
}

absl::StatusOr<RunOptions> MakeRunOptions(const Session& session, const Inputs& inputs) {
  RunOptions run;
  run.seed = session.options().seed;
  run.cancel = &Interrupted();
  run.sizes = inputs.sizes;
  if (session.options().memory_limit.has_value()) {
    OTIUM_ASSIGN_OR_RETURN(run.memory_limit, ParseBytes(*session.options().memory_limit));
  }
  return run;
}

struct PassDump::State {
  std::string folder;
  int segment = -1;
  int pass = 0;
  absl::Status status;
  // Most passes leave constants as they are: each is written once.
  std::vector<std::pair<Tensor, std::string>> constants;

  std::string SaveConstant(const Tensor& value, const std::string& stem, absl::string_view hint) {
    for (const auto& [saved, file] : constants) {
      if (saved.data() == value.data() && saved.dtype() == value.dtype() &&
          saved.sizes() == value.sizes() && saved.strides() == value.strides()) {
        return file;
      }
    }
    const std::string file = absl::StrCat(stem, ".", hint, ".npy");
    status.Update(WriteNpy(value, absl::StrCat(folder, "/", file)));
    constants.emplace_back(value, file);
    return file;
  }

  void Write(absl::string_view name, const Graph& graph) {
    const std::string stem =
        absl::StrCat(segment > 0 ? absl::StrCat(segment, ".") : "",
                     absl::Dec(pass, absl::kZeroPad2), "-", name);
    PrintOptions print;
    print.save_constant = [&](const Tensor& value, absl::string_view hint) {
      return SaveConstant(value, stem, hint);
    };
    status.Update(WriteFileAtomically(absl::StrCat(folder, "/", stem, ".otm"),
                                      PrintGraph(graph, print)));
  }
};

absl::StatusOr<PassDump> PassDump::Start(const std::string& folder, CompileOptions* compile) {
  if (mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) {
    return Fail(Exit::kRunFailed,
                absl::StrCat(folder, ": cannot make the folder: ", std::strerror(errno)));
  }
  PassDump dump;
  dump.state_ = std::make_shared<State>();
  dump.state_->folder = folder;
  compile->optimize.observe = [state = dump.state_](absl::string_view pass, const GraphPtr& graph) {
    if (pass == "source") {
      ++state->segment;
      state->pass = 0;
    }
    state->Write(pass, *graph);
    ++state->pass;
  };
  return dump;
}

absl::Status PassDump::status() const { return WithExit(state_->status, Exit::kRunFailed); }

absl::StatusOr<Profile> Analyze(const Program& program, const Inputs& inputs, RunOptions run) {
  constexpr double kSeconds = 0.5;
  constexpr int kRuns = 20;
  Profile best;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i <= kRuns; ++i) {
    Profile profile;
    run.profile = &profile;
    const absl::StatusOr<TensorMap> result = program.Run(inputs.tensors, run);
    if (!result.ok()) return WithRunExit(result.status());
    OTIUM_RETURN_IF_ERROR(CheckInterrupted());
    if (i < 2 || profile.seconds < best.seconds) best = std::move(profile);
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
    if (i > 0 && spent.count() > kSeconds) break;
  }
  return best;
}

const Machine& MachineOf(const CompileOptions& compile) {
  return compile.machine != nullptr ? *compile.machine : HostMachine();
}

absl::Status WriteTrace(const Profile& profile, const std::string& path) {
  return WithExit(WriteFileAtomically(path, ChromeTrace(profile)), Exit::kRunFailed);
}

}  // namespace otium::cli

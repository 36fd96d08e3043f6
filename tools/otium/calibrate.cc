// SPDX-License-Identifier: Apache-2.0
//
// otium calibrate: measures the constants of the cost model (DeviceModel) through
// the same API that users have, so that they are what users get:
//
//   products     mm of n = 1024, the best of some runs
//   memory       a + b on arrays four times the last cache each
//   cache        a + b on arrays that fit into half of it together
//   a step       a chain of 1,000 additions of 16 elements, unoptimized
//
// Each is the best of several, for what disturbs only slows down. The result is
// kept in the cache folder, where HostMachine() finds it.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/cache_dir.h"
#include "engine/base/status.h"
#include "engine/engine.h"
#include "nlohmann/json.hpp"
#include "ops/ops.h"
#include "tools/otium/commands.h"
#include "tools/otium/progress.h"
#include "tools/otium/random_input.h"
#include "tools/viz/units.h"

namespace otium::cli {
namespace {

// The least seconds that the steps of a run take, planning left out.
absl::StatusOr<double> LeastSeconds(const Function& function, const TensorMap& inputs,
                                    const CompileOptions& options, double budget) {
  OTIUM_ASSIGN_OR_RETURN(const Program program, Compile(function, options));
  RunOptions run;
  run.cancel = &Interrupted();
  // Where results go is given, so that fresh pages are not part of the time.
  OTIUM_ASSIGN_OR_RETURN(run.results, program.Run(inputs, run));
  double least = 1e30, spent = 0;
  for (int i = 0; i < 1000 && (i < 5 || spent < budget); ++i) {
    Profile profile;
    run.profile = &profile;
    OTIUM_RETURN_IF_ERROR(program.Run(inputs, run).status());
    OTIUM_RETURN_IF_ERROR(CheckInterrupted());
    least = std::min(least, profile.steps.back().end - profile.steps.front().start);
    spent += profile.seconds;
  }
  return least;
}

absl::StatusOr<Tensor> Random(DType dtype, std::initializer_list<Dim> shape, const char* name) {
  return RandomTensor(TensorType(dtype, Shape(shape)), /*seed=*/0, name);
}

absl::StatusOr<double> ProductFlops(DType dtype) {
  constexpr int64_t n = 1024;
  Function::Builder b("product");
  b.Output("c", mm(b.Input("a", dtype, {n, n}), b.Input("b", dtype, {n, n})));
  OTIUM_ASSIGN_OR_RETURN(const Function function, b.Build());
  OTIUM_ASSIGN_OR_RETURN(const Tensor a, Random(dtype, {n, n}, "a"));
  OTIUM_ASSIGN_OR_RETURN(const Tensor c, Random(dtype, {n, n}, "b"));
  OTIUM_ASSIGN_OR_RETURN(const double seconds,
                         LeastSeconds(function, {{"a", a}, {"b", c}}, {}, /*budget=*/1.5));
  return 2.0 * n * n * n / seconds;
}

// Bytes a second of reading two arrays and writing a third, `bytes` together.
absl::StatusOr<double> Bandwidth(int64_t bytes) {
  const int64_t n = std::max<int64_t>(bytes / 3 / ItemSize(DType::kF32), 1024);
  Function::Builder b("sum");
  b.Output("c", b.Input("a", DType::kF32, {n}) + b.Input("b", DType::kF32, {n}));
  OTIUM_ASSIGN_OR_RETURN(const Function function, b.Build());
  const TensorType type(DType::kF32, Shape{Dim(n)});
  OTIUM_ASSIGN_OR_RETURN(const Tensor ones, FilledTensor(type, Fill::kOnes));
  OTIUM_ASSIGN_OR_RETURN(const Tensor more, FilledTensor(type, Fill::kOnes));
  OTIUM_ASSIGN_OR_RETURN(const double seconds,
                         LeastSeconds(function, {{"a", ones}, {"b", more}}, {}, /*budget=*/1));
  return 3.0 * static_cast<double>(n * ItemSize(DType::kF32)) / seconds;
}

absl::StatusOr<double> StepSeconds() {
  constexpr int kSteps = 1000;
  Function::Builder b("chain");
  Expr x = b.Input("x", DType::kF32, {16});
  for (int i = 0; i < kSteps; ++i) x = x + x;
  b.Output("y", x);
  OTIUM_ASSIGN_OR_RETURN(const Function function, b.Build());
  OTIUM_ASSIGN_OR_RETURN(const Tensor zeros,
                         FilledTensor(TensorType(DType::kF32, Shape{Dim(16)}), Fill::kZeros));
  CompileOptions options;
  options.optimize.optimize = false;
  OTIUM_ASSIGN_OR_RETURN(const Program program, Compile(function, options));
  OTIUM_RETURN_IF_ERROR(program.Run({{"x", zeros}}).status());
  // The profile looks at the clock twice a step, which costs as much as the step:
  // the run is timed from outside.
  double least = 1e30;
  for (int i = 0; i < 300; ++i) {
    const auto start = std::chrono::steady_clock::now();
    OTIUM_RETURN_IF_ERROR(program.Run({{"x", zeros}}).status());
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    least = std::min(least, seconds.count());
  }
  return least / kSteps;
}

int64_t LastCacheBytes() {
  for (int name : {_SC_LEVEL3_CACHE_SIZE, _SC_LEVEL2_CACHE_SIZE}) {
    const long bytes = sysconf(name);
    if (bytes > 0) return bytes;
  }
  return 8 << 20;
}

// "AMD EPYC 7R13 Processor", as Linux on x86 tells it; else "CPU".
std::string ProcessorName() {
  std::string name = "CPU";
  std::FILE* file = std::fopen("/proc/cpuinfo", "r");
  if (file == nullptr) return name;
  char line[256];
  while (std::fgets(line, sizeof(line), file) != nullptr) {
    const absl::string_view text(line);
    if (!absl::StartsWith(text, "model name")) continue;
    const size_t colon = text.find(':');
    if (colon == absl::string_view::npos) continue;
    name = std::string(absl::StripAsciiWhitespace(text.substr(colon + 1)));
    break;
  }
  std::fclose(file);
  return name;
}

absl::StatusOr<DeviceModel> Measure(ProgressBar& bar, int threads) {
  DeviceModel host = HostMachine().devices[0];
  if (threads == 0) threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  host.name = absl::StrCat(threads, " x ", ProcessorName());
  host.cache_bytes = LastCacheBytes();
  bar.SetPhase("measuring products, f32");
  OTIUM_ASSIGN_OR_RETURN(host.f32_flops, ProductFlops(DType::kF32));
  bar.SetPhase("measuring products, f64");
  OTIUM_ASSIGN_OR_RETURN(host.f64_flops, ProductFlops(DType::kF64));
  bar.SetPhase("measuring memory");
  // More would say the same and take longer, and small machines have little.
  const int64_t most = int64_t{1} << 30;
  OTIUM_ASSIGN_OR_RETURN(host.memory_bandwidth,
                         Bandwidth(std::min(most, 12 * host.cache_bytes)));
  bar.SetPhase("measuring the cache");
  OTIUM_ASSIGN_OR_RETURN(host.cache_bandwidth, Bandwidth(host.cache_bytes / 2));
  host.cache_bandwidth = std::max(host.cache_bandwidth, host.memory_bandwidth);
  bar.SetPhase("measuring a step");
  OTIUM_ASSIGN_OR_RETURN(host.launch_seconds, StepSeconds());
  return host;
}

}  // namespace

absl::Status CalibrateCommand(Session& session) {
  if (session.options().threads != 0) SetNumThreads(session.options().threads);
  Machine machine = HostMachine();
  {
    ProgressBar bar(session, "measuring");
    absl::StatusOr<DeviceModel> host = Measure(bar, session.options().threads);
    if (!host.ok()) return WithRunExit(host.status());
    machine.devices[0] = *std::move(host);
  }
  const std::string text = machine.ToString();
  OTIUM_RETURN_IF_ERROR(WithExit(WriteCacheFile("machine.txt", text), Exit::kRunFailed));
  const std::string path = absl::StrCat(CacheDir(), "/machine.txt");
  if (session.options().json) {
    session.document()["file"] = path;
    session.document()["machine"] = text;
  }
  session.Print(text);
  session.Note(absl::StrCat("otium: written to ", path));
  return absl::OkStatus();
}

}  // namespace otium::cli

// SPDX-License-Identifier: Apache-2.0
#include "backends/cpu/matrix_batch.h"

#include "backends/cpu/parallel.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {
namespace {

// Some microseconds of work are worth a task; more tasks than these gain nothing, nor
// may their workspaces take more memory.
constexpr double kTaskFlops = 1e5;
constexpr int64_t kMostTasks = 64;
constexpr int64_t kMostBytes = int64_t{128} << 20;

}  // namespace

MatrixBatch::MatrixBatch(absl::Span<const int64_t> batch_sizes, double flops, int64_t bytes,
                         int64_t grain)
    : sizes(batch_sizes.begin(), batch_sizes.end()),
      count(1),
      grain(grain),
      task_bytes(WorkspaceBytes(bytes)) {
  for (int64_t s : sizes) count *= s;
  if (count == 0) return;
  const double work = flops * static_cast<double>(count) / kTaskFlops;
  tasks = std::min(CeilDiv(count, grain),
                   static_cast<int64_t>(std::clamp<double>(work, 1, kMostTasks)));
  if (task_bytes > 0) tasks = std::clamp<int64_t>(kMostBytes / task_bytes, 1, tasks);
}

int64_t MatrixBatch::workspace_bytes() const {
  constexpr int64_t kInfoBytes = WorkspaceBytes(sizeof(StepInfo));
  return tasks * (task_bytes + kInfoBytes);
}

void RunBatch(const MatrixBatch& batch, const LaunchArgs& args,
              absl::FunctionRef<void(Range, char*, StepInfo*)> body) {
  char* const memory = static_cast<char*>(args.workspace);
  auto* const infos = reinterpret_cast<StepInfo*>(memory + batch.tasks * batch.task_bytes);
  ParallelFor(batch.tasks, [&](int64_t task) {
    infos[task] = StepInfo();
    body(Part(batch.count, batch.grain, batch.tasks, task), memory + task * batch.task_bytes,
         &infos[task]);
  });
  for (int64_t task = 0; task < batch.tasks; ++task) {
    Report(args.info, infos[task].code, infos[task].batch);
    TellRcond(args.info, infos[task].rcond, infos[task].rcond_batch);
  }
}

int64_t BatchOffset(const MatrixBatch& batch, const PhysicalType& type, const View& view, int tail,
                    int64_t p) {
  int64_t offset = 0;
  const int skip = static_cast<int>(batch.sizes.size()) - (type.rank() - tail);
  for (int d = static_cast<int>(batch.sizes.size()) - 1; d >= skip && p > 0; --d) {
    const int64_t index = p % batch.sizes[d];
    p /= batch.sizes[d];
    if (type.sizes[d - skip] != 1) offset += index * view.strides[d - skip];
  }
  return offset;
}

}  // namespace otium::cpu

// SPDX-License-Identifier: Apache-2.0
//
// QR of small matrices, of any batch, in groups of as many as a vector has lanes.

#include <algorithm>
#include <memory>

#include "backends/cpu/lapack.h"
#include "backends/cpu/matrix_batch.h"
#include "backends/cpu/prepare.h"
#include "backends/cpu/small_groups.h"
#include "backends/cpu/small_qr.h"
#include "backends/cpu/workspace.h"

namespace otium::cpu {
namespace {

struct SmallQrState {
  PhysicalType A, first, second;  // The results are Q and R, or the factors and tau.
  int64_t m = 0, n = 0, columns = 0;
  bool has_Q = false;
  MatrixBatch batch;
};

template <class T>
struct SmallQrArrays {
  SmallQrArrays(Workspace& memory, int64_t m, int64_t n, int64_t columns)
      : group(memory.Take<T>(SmallQrElements(m, n, columns))),
        a(memory.Take<T>(kMostLanes * m * n)) {}
  T* group;
  T* a;  // What does not lie densely.
};

// Runs `kernel` on all matrices. fill(group, lane, p) says where its results lie.
template <class T, class Kernel, class Fill>
void RunGroups(const SmallQrState& s, const LaunchArgs& args, const Kernel& kernel,
               const Fill& fill) {
  const Matrices<const T> A(s.batch, s.A, args.operands[0]);
  RunBatch(s.batch, args, [&](Range matrices, char* memory, StepInfo*) {
    Workspace workspace(memory);
    const SmallQrArrays<T> arrays(workspace, s.m, s.n, s.columns);
    SmallQrGroup<T> group;
    group.m = s.m;
    group.n = s.n;
    group.columns = s.columns;
    group.has_Q = s.has_Q;
    group.streams = IsStreamed(s.first) || IsStreamed(s.second);
    group.memory = arrays.group;
    ForGroups(
        matrices, BestSmallQrKernels<T>().lanes, kernel,
        [&](int64_t l, int64_t p) {
          group.a[l] = Dense(A(p), arrays.a + l * s.m * s.n);
          fill(group, l, p);
        },
        [](int64_t, int64_t) {}, group);
  });
}

template <class T>
struct SmallQrLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const SmallQrState*>(args.state);
    const Matrices<T> R(s.batch, s.second, args.results[1]);
    // Without Q its type has no matrices to find.
    const Matrices<T> Q = s.has_Q ? Matrices<T>(s.batch, s.first, args.results[0]) : R;
    RunGroups<T>(s, args, BestSmallQrKernels<T>().qr,
                 [&](SmallQrGroup<T>& group, int64_t l, int64_t p) {
                   group.q[l] = Q(p).data;
                   group.r[l] = R(p).data;
                 });
  }
};

template <class T>
struct SmallGeqrfLauncher {
  static void Launch(const LaunchArgs& args) {
    const auto& s = *static_cast<const SmallQrState*>(args.state);
    const Matrices<T> factors(s.batch, s.first, args.results[0]);
    const Matrices<T> tau(s.batch, s.second, args.results[1], /*tail=*/1);
    RunGroups<T>(s, args, BestSmallQrKernels<T>().geqrf,
                 [&](SmallQrGroup<T>& group, int64_t l, int64_t p) {
                   group.r[l] = factors(p).data;
                   group.tau[l] = tau(p).data;
                 });
  }
};

std::shared_ptr<SmallQrState> MakeState(const KernelCall& call) {
  auto s = std::make_shared<SmallQrState>();
  s->A = call.operands[0];
  s->first = call.results[0];
  s->second = call.results[1];
  const Sizes& sizes = s->A.sizes;
  s->m = sizes[sizes.size() - 2];
  s->n = sizes.back();
  return s;
}

template <template <class> class Launcher>
Prepared Finished(std::shared_ptr<SmallQrState> s) {
  const absl::Span<const int64_t> sizes = s->A.sizes;
  const double flops = 4 * static_cast<double>(s->m * s->n * std::min(s->m, s->n));
  s->batch = SmallBatch(sizes.first(sizes.size() - 2), flops,
                        WorkspaceOf<SmallQrArrays>(s->A.dtype, s->m, s->n, s->columns));
  const int64_t bytes = s->batch.workspace_bytes();
  return {ForBlasDType<Launcher>(s->A.dtype), std::move(s), bytes};
}

}  // namespace

bool IsSmallRectangle(const KernelCall& call) {
  const Sizes& sizes = call.operands[0].sizes;
  const int64_t m = sizes[sizes.size() - 2], n = sizes.back();
  return m >= 1 && m <= kSmallMatrix && n >= 1 && n <= kSmallMatrix;
}

Prepared PrepareSmallQr(const KernelCall& call) {
  auto s = MakeState(call);
  const std::string& mode = call.attributes.Get<std::string>("mode");
  s->has_Q = mode != "r";
  s->columns = mode == "complete" ? s->m : std::min(s->m, s->n);
  return Finished<SmallQrLauncher>(std::move(s));
}
Prepared PrepareSmallGeqrf(const KernelCall& call) {
  return Finished<SmallGeqrfLauncher>(MakeState(call));
}

}  // namespace otium::cpu

// SPDX-License-Identifier: Apache-2.0
//
// Times the CPU backend's dense products. One line on standard input is one
// measurement, so that a script can alternate with other libraries:
//
//     mm f32 1000 1000 1000 n n 1 2     op dtype m n k opA opB batch threads
//     mv f32 4000 1 4000 t n 1 2        op t: that operand is column-major
//     ger f32 1000 1000 1 n n 1 1
//     dot f32 1 1 1000000 n n 1 1
//
// Each answer is the seconds of one call, the median of five groups of calls.
// tools/bench/gemm_compare.py drives it against NumPy and PyTorch.

#include <algorithm>
#include <complex>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <vector>

#include "absl/functional/function_ref.h"
#include "backends/cpu/gemm.h"
#include "backends/cpu/gemv.h"
#include "backends/cpu/parallel.h"
#include "backends/cpu/scratch.h"

namespace otium::cpu {
namespace {

struct Request {
  char op[8], dtype[8];
  long long m, n, k;
  char op_a, op_b;
  long long batch;
  int threads;
};

// On one thread CPU time, which does not count when other processes had the core.
double Now() {
  timespec time;
  clock_gettime(Threads() == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double SecondsPerCall(absl::FunctionRef<void()> call) {
  constexpr double kGroupSeconds = 0.02;
  call();
  double start = Now();
  call();
  const int calls = static_cast<int>(std::clamp(kGroupSeconds / (Now() - start), 1.0, 1e6));
  std::vector<double> groups;
  for (int group = 0; group < 5; ++group) {
    start = Now();
    for (int i = 0; i < calls; ++i) call();
    groups.push_back((Now() - start) / calls);
  }
  std::nth_element(groups.begin(), groups.begin() + 2, groups.end());
  return groups[2];
}

template <class T>
void Fill(T* data, int64_t count) {
  uint32_t state = 1;
  for (int64_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    data[i] = T(static_cast<float>(state >> 8) * 0x1p-24f - 0.5f);
  }
}

template <class T>
double Measure(const Request& r) {
  SetThreads(r.threads);
  const Scratch<T> a(r.batch * r.m * r.k), b(r.batch * r.k * r.n), c(r.batch * r.m * r.n);
  Fill(a.data(), r.batch * r.m * r.k);
  Fill(b.data(), r.batch * r.k * r.n);
  GemmArgs<T> args;
  args.m = r.m;
  args.n = r.n;
  args.k = r.k;
  args.a = {a.data(), r.op_a == 't' ? 1 : r.k, r.op_a == 't' ? r.m : 1};
  args.b = {b.data(), r.op_b == 't' ? 1 : r.n, r.op_b == 't' ? r.k : 1};
  args.c = {c.data(), r.n, 1};
  if (std::strcmp(r.op, "mv") == 0) {
    const GemvArgs<T> mv = {r.m, r.k, args.a, {b.data(), 1}, {}, {c.data(), 1}};
    return SecondsPerCall([&] { Gemv(mv); });
  }
  if (std::strcmp(r.op, "ger") == 0) {
    const GerArgs<T> ger = {r.m, r.n, {a.data(), 1}, {b.data(), 1}, {}, args.c};
    return SecondsPerCall([&] { Ger(ger); });
  }
  if (std::strcmp(r.op, "dot") == 0) {
    return SecondsPerCall([&] { *c.data() = Dot<T>(r.k, {a.data(), 1}, {b.data(), 1}); });
  }
  if (r.batch == 1) return SecondsPerCall([&] { Gemm(args); });
  const int64_t size = r.batch, a_stride = r.m * r.k, b_stride = r.k * r.n, c_stride = r.m * r.n;
  const GemmBatch batch = {
      {&size, 1}, {&a_stride, 1}, {&b_stride, 1}, {&c_stride, 1}, {&c_stride, 1}};
  return SecondsPerCall([&] { BatchedGemm(batch, args); });
}

double Measure(const Request& r) {
  if (std::strcmp(r.dtype, "f32") == 0) return Measure<float>(r);
  if (std::strcmp(r.dtype, "f64") == 0) return Measure<double>(r);
  if (std::strcmp(r.dtype, "c64") == 0) return Measure<std::complex<float>>(r);
  return Measure<std::complex<double>>(r);
}

}  // namespace
}  // namespace otium::cpu

int main() {
  otium::cpu::Request r;
  while (std::scanf("%7s %7s %lld %lld %lld %c %c %lld %d", r.op, r.dtype, &r.m, &r.n, &r.k,
                    &r.op_a, &r.op_b, &r.batch, &r.threads) == 9) {
    std::printf("%.9g\n", otium::cpu::Measure(r));
    std::fflush(stdout);
  }
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
//
// Otium's side of the benchmark: the protocol of worker.py, the cases of cases.py.
// Programs are compiled once; an iteration is one Program::Run, results allocated
// anew each time, as the peers do.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "backends/cpu/parallel.h"
#include "engine/otium.h"
#include "tools/bench/machine.h"

namespace otium {
namespace {

using Iteration = std::function<void()>;

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

[[noreturn]] void Die(const absl::Status& status) {
  std::fprintf(stderr, "otium worker: %s\n", status.ToString().c_str());
  std::exit(1);
}

Tensor Random(DType dtype, std::vector<int64_t> sizes) {
  static std::mt19937 random(0);
  std::uniform_real_distribution<float> uniform(0, 1);
  Tensor t = *Tensor::Allocate(dtype, sizes);
  const int64_t reals = t.NumElements() * (IsComplex(dtype) ? 2 : 1);
  if (RealDType(dtype) == DType::kF64) {
    for (int64_t i = 0; i < reals; ++i) static_cast<double*>(t.mutable_data())[i] = uniform(random);
  } else {
    for (int64_t i = 0; i < reals; ++i) static_cast<float*>(t.mutable_data())[i] = uniform(random);
  }
  return t;
}

// One expression or several.
struct Results : std::vector<Expr> {
  Results(Expr one) : std::vector<Expr>{std::move(one)} {}  // NOLINT
  using std::vector<Expr>::vector;
};

// A function of the given tensors, run once to plan it.
Iteration Running(const std::vector<std::pair<std::string, Tensor>>& inputs,
                  const std::function<Results(const std::vector<Expr>&)>& f,
                  CompileOptions options = {}) {
  Function::Builder builder("bench");
  std::vector<Expr> exprs;
  TensorMap map;
  for (const auto& [name, tensor] : inputs) {
    exprs.push_back(builder.Input(name, tensor.dtype(), tensor.type().shape));
    map.Set(name, tensor);
  }
  const Results results = f(exprs);
  for (size_t i = 0; i < results.size(); ++i) builder.Output(absl::StrCat("result", i), results[i]);
  const absl::StatusOr<Function> function = builder.Build();
  if (!function.ok()) Die(function.status());
  absl::StatusOr<Program> program = Compile(*function, std::move(options));
  if (!program.ok()) Die(program.status());
  Iteration run = [program = *std::move(program), map] {
    const absl::StatusOr<TensorMap> r = program.Run(map);
    if (!r.ok()) Die(r.status());
  };
  run();
  return run;
}

Iteration Gemv(const std::vector<std::string>& parts, int64_t n) {
  auto has = [&](absl::string_view word) {
    return std::find(parts.begin(), parts.end(), word) != parts.end();
  };
  Tensor A = Random(DType::kF32, {n, n});
  if (has("slice")) {
    const Tensor wide = Random(DType::kF32, {n, n + 24});
    const int64_t sizes[] = {n, n}, strides[] = {n + 24, 1};
    A = Tensor(wide.buffer(), 0, DType::kF32, sizes, strides);
  }
  const bool transposed = has("transposed"), adds = parts[0] == "addmv";
  return Running({{"A", A}, {"x", Random(DType::kF32, {n})}, {"y", Random(DType::kF32, {n})}},
                 [&](const std::vector<Expr>& in) {
                   const Expr p = mv(transposed ? in[0].T() : in[0], in[1]);
                   return adds ? in[2] + p : p;
                 });
}

Iteration Chain(bool optimize) {
  CompileOptions options;
  options.optimize.optimize = optimize;
  return Running(
      {{"x", Random(DType::kF32, {16})}},
      [&](const std::vector<Expr>& in) {
        Expr y = in[0];
        // A flip between pointwise ops keeps them apart.
        for (int i = 0; i < 500; ++i) y = flip(y + in[0], {0}) * in[0];
        return y;
      },
      options);
}

// A real matrix, definite for cholesky and symmetric for eigh, or a batch of them.
Tensor LinalgMatrix(const std::string& op, DType dtype, const std::vector<int64_t>& sizes) {
  Tensor A = Random(dtype, sizes);
  if (op != "cholesky" && op != "eigh") return A;
  const int64_t n = sizes.back();
  auto make = [&](auto* a) {
    for (int64_t m = 0; m < A.NumElements() / (n * n); ++m, a += n * n) {
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < i; ++j) a[i * n + j] = a[j * n + i];
        if (op == "cholesky") a[i * n + i] += static_cast<float>(n);
      }
    }
  };
  if (dtype == DType::kF32) make(static_cast<float*>(A.mutable_data()));
  else make(static_cast<double*>(A.mutable_data()));
  return A;
}

// OP_DTYPE_N or batched_OP_DTYPE_COUNT_N; null for other ops.
Iteration Linalg(const std::vector<std::string>& parts, int64_t n) {
  const bool batched = parts[0] == "batched";
  if (parts.size() != (batched ? 5 : 3)) return nullptr;
  const std::string& op = parts[batched ? 1 : 0];
  const std::optional<DType> dtype = DTypeFromName(parts[batched ? 2 : 1]);
  int64_t count = 0;
  if (!dtype.has_value() || (batched && !absl::SimpleAtoi(parts[3], &count))) return nullptr;
  const std::vector<int64_t> matrix = batched ? std::vector<int64_t>{count, n, n}
                                              : std::vector<int64_t>{n, n},
                             right = batched ? std::vector<int64_t>{count, n, 1}
                                             : std::vector<int64_t>{n};
  using In = const std::vector<Expr>&;
  static const auto* const ops = new std::map<std::string, Results (*)(In)>{
      {"cholesky", [](In in) { return Results(cholesky(in[0])); }},
      {"lu",
       [](In in) {
         const auto [LU, pivots] = lu_factor(in[0]);
         return Results{LU, pivots};
       }},
      {"solve", [](In in) { return Results(solve(in[0], in[1])); }},
      {"qr",
       [](In in) {
         const auto [Q, R] = qr(in[0]);
         return Results{Q, R};
       }},
      {"eigh",
       [](In in) {
         const auto [values, vectors] = eigh(in[0]);
         return Results{values, vectors};
       }},
      {"svd",
       [](In in) {
         const auto [U, S, Vh] = svd(in[0]);
         return Results{U, S, Vh};
       }},
      {"inv", [](In in) { return Results(inv(in[0])); }},
      {"det", [](In in) { return Results(det(in[0])); }},
  };
  const auto found = ops->find(op);
  if (found == ops->end()) return nullptr;
  std::vector<std::pair<std::string, Tensor>> inputs = {{"A", LinalgMatrix(op, *dtype, matrix)}};
  if (op == "solve") inputs.emplace_back("b", Random(*dtype, right));
  return Running(inputs, found->second);
}

Expr TenOps(const std::vector<Expr>& in) {
  Expr y = in[0];
  for (int i = 0; i < 3; ++i) y = exp(mv(in[1], y) + in[0]);
  return y * 2;
}

Iteration MakeIteration(const std::string& name) {
  const std::vector<std::string> parts = absl::StrSplit(name, '_');
  int64_t n = 0;
  const bool sized = absl::SimpleAtoi(parts.back(), &n);
  if ((parts[0] == "mv" || parts[0] == "addmv") && sized) return Gemv(parts, n);
  if (parts[0] == "mm") {
    const DType d = *DTypeFromName(parts[1]);
    return Running({{"A", Random(d, {n, n})}, {"B", Random(d, {n, n})}},
                   [](const std::vector<Expr>& in) { return mm(in[0], in[1]); });
  }
  if (parts[0] == "bmm") {
    int64_t batch = 0;
    if (!absl::SimpleAtoi(parts[1], &batch)) return nullptr;
    return Running(
        {{"A", Random(DType::kF32, {batch, n, n})}, {"B", Random(DType::kF32, {batch, n, n})}},
        [](const std::vector<Expr>& in) { return bmm(in[0], in[1]); });
  }
  if (name == "pointwise_1e7") {
    return Running(
        {{"a", Random(DType::kF32, {10000000})}, {"b", Random(DType::kF32, {10000000})}},
        [](const std::vector<Expr>& in) { return (in[0] * in[1] + in[0]) / (in[1] * in[1] + 1); });
  }
  if (name == "softmax_linear") {
    return Running(
        {{"x", Random(DType::kF32, {4096, 512})},
         {"W", Random(DType::kF32, {512, 512})},
         {"b", Random(DType::kF32, {512})}},
        [](const std::vector<Expr>& in) { return softmax(mm(in[0], in[1]) + in[2], 1); });
  }
  if (parts[0] == "sum") {
    const Tensor x =
        name == "sum_1e7" ? Random(DType::kF32, {10000000}) : Random(DType::kF32, {3162, 3162});
    return Running({{"x", x}}, [&](const std::vector<Expr>& in) {
      if (parts[1] == "rows") return sum(in[0], Ints{1});
      return parts[1] == "columns" ? sum(in[0], Ints{0}) : sum(in[0]);
    });
  }
  if (Iteration linalg = sized ? Linalg(parts, n) : nullptr) return linalg;
  if (name == "chain_1000") return Chain(/*optimize=*/true);
  if (name == "chain_1000_no_optimize") return Chain(/*optimize=*/false);
  return nullptr;
}

// What the machine can do, by the same threads: flops or bytes a second.
double MachineRate(const std::string& what) {
  constexpr int64_t kElements = 10000000, kGrain = 65536;
  static const Tensor x = Random(DType::kF32, {kElements}), y = Random(DType::kF32, {kElements});
  static Tensor out = Random(DType::kF32, {kElements});
  static float* const to = static_cast<float*>(out.mutable_data());
  double work = 0;
  const double start = Seconds();
  if (what == "fma") {
    const int64_t parts = 4 * cpu::Threads();
    std::vector<double> flops(parts);
    cpu::ParallelFor(parts, [&](int64_t i) { flops[i] = bench::MultiplyAdd(); });
    for (double f : flops) work += f;
  } else if (what == "read") {
    std::vector<float> sums(kElements / kGrain + 1);
    cpu::ParallelForRanges(kElements, kGrain, [&](int64_t begin, int64_t end) {
      sums[begin / kGrain] = bench::Read(x.data<float>() + begin, end - begin);
    });
    work = 4.0 * kElements;
  } else {
    cpu::ParallelForRanges(kElements, kGrain, [&](int64_t begin, int64_t end) {
      bench::ReadTwiceWriteOnce(x.data<float>() + begin, y.data<float>() + begin, end - begin,
                                to + begin);
    });
    work = 3 * 4.0 * kElements;
  }
  return work / (Seconds() - start);
}

// Cases of OWN in cases.py measure themselves; seconds, or -1.
double MeasureOwn(const std::string& name) {
  const std::vector<std::string> parts = absl::StrSplit(name, '_');
  if (parts.back() == "1e6" || parts.back() == "2e6") {
    const int nodes = parts.back() == "1e6" ? 1000000 : 2000000;
    const double start = Seconds();
    Expr e = constant(Tensor::Scalar(0.0f));
    const Expr one = constant(Tensor::Scalar(1.0f));
    for (int i = 0; i < nodes; ++i) e = e + one;
    if (parts[0] == "build") return Seconds() - start;
    if (parts[0] == "destroy") {
      const double before = Seconds();
      e = Expr();
      return Seconds() - before;
    }
    const double before = Seconds();
    CompileOptions options;
    options.optimize.disabled_passes = {"fold_constants"};
    CaptureRequest request;
    request.outputs.emplace_back("z", e);
    absl::StatusOr<Graph> graph = Capture(request);
    const absl::StatusOr<Program> program = Compile(Function(*std::move(graph)), options);
    if (!program->PlanFor({}).ok()) return -1;
    return Seconds() - before;
  }
  if (name == "plan_cold_10" || name == "plan_find_10") {
    Function::Builder b("ten");
    const Dim n = Dim::Symbol("n");
    const Expr x = b.Input("x", DType::kF32, {n}), A = b.Input("A", DType::kF32, {n, n});
    b.Output("z", TenOps({x, A}));
    const absl::StatusOr<Program> program = Compile(*b.Build());
    SizeBindings sizes;
    sizes.Set("n", 8);
    if (name == "plan_cold_10") {
      constexpr int kRepeat = 200;
      const double start = Seconds();
      for (int i = 0; i < kRepeat; ++i) {
        if (!program->PlanFor(sizes).ok()) return -1;
      }
      return (Seconds() - start) / kRepeat;
    }
    // A run on empty operands is finding the plan and little else.
    const TensorMap inputs{{"x", Random(DType::kF32, {0})}, {"A", Random(DType::kF32, {0, 0})}};
    if (!program->Run(inputs).ok()) return -1;
    constexpr int kRepeat = 10000;
    const double start = Seconds();
    for (int i = 0; i < kRepeat; ++i) {
      if (!program->HasPlan(inputs)) return -1;
    }
    return (Seconds() - start) / kRepeat;
  }
  return -1;
}

void Serve() {
  char line[256];
  std::string current;
  Iteration iteration;
  while (std::fgets(line, sizeof(line), stdin) != nullptr) {
    char name[200];
    int iterations = 0;
    if (std::sscanf(line, "%199s %d", name, &iterations) != 2) continue;
    if (absl::StartsWith(name, "machine_")) {
      std::printf("%.9g\n", MachineRate(name + 8));
    } else if (const double own = MeasureOwn(name); own >= 0) {
      std::printf("%.9g\n", own);
    } else {
      if (current != name) {
        iteration = nullptr;
        iteration = MakeIteration(name);
        current = name;
      }
      if (!iteration) {
        std::puts("unsupported");
      } else {
        const double start = Seconds();
        for (int i = 0; i < iterations; ++i) iteration();
        std::printf("%.9g\n", (Seconds() - start) / iterations);
      }
    }
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace otium

int main() {
  const char* threads = std::getenv("OTIUM_BENCH_THREADS");
  otium::SetNumThreads(threads != nullptr ? std::atoi(threads) : 0);
  otium::Serve();
}

// SPDX-License-Identifier: Apache-2.0
#include "tests/region/run_by_ops.h"

#include <cmath>
#include <complex>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/cpu/cpu.h"
#include "backends/cpu/tape.h"
#include "backends/region/interpret.h"
#include "backends/region/lower.h"
#include "gtest/gtest.h"
#include "ops/infer.h"

namespace otium {
namespace {

View ViewOf(const Tensor& t) {
  return {const_cast<void*>(t.data()), t.sizes().data(), t.strides().data()};
}

std::vector<View> ViewsOf(const std::vector<Tensor>& tensors) {
  std::vector<View> views;
  for (const Tensor& t : tensors) views.push_back(ViewOf(t));
  return views;
}

PhysicalType TypeOf(const Tensor& t) {
  PhysicalType p;
  p.dtype = t.dtype();
  p.sizes.assign(t.sizes().begin(), t.sizes().end());
  p.strides.assign(t.strides().begin(), t.strides().end());
  return p;
}

Tensor Transposed(const Tensor& x, const Attributes& attributes) {
  const int a = *NormalizeDim(attributes.Get<int64_t>("dim0"), x.rank());
  const int b = *NormalizeDim(attributes.Get<int64_t>("dim1"), x.rank());
  Sizes sizes(x.sizes().begin(), x.sizes().end()), strides(x.strides().begin(), x.strides().end());
  std::swap(sizes[a], sizes[b]);
  std::swap(strides[a], strides[b]);
  return Tensor(x.buffer(), x.byte_offset(), x.dtype(), sizes, strides);
}

std::vector<Tensor> Allocated(absl::Span<const TensorType> types) {
  std::vector<Tensor> results;
  for (const TensorType& t : types) {
    results.push_back(*Tensor::Allocate(t.dtype, t.shape.sizes()));
    // What is not written shows.
    std::memset(results.back().mutable_data(), 0xa5,
                results.back().NumElements() * ItemSize(t.dtype));
    if (t.dtype == DType::kBool) {
      std::memset(results.back().mutable_data(), 1, results.back().NumElements());
    }
  }
  return results;
}

std::vector<TensorType> OutputTypes(const Graph& body) {
  std::vector<TensorType> types;
  for (const GraphOutput& out : body.outputs()) types.push_back(body.type(out.value));
  return types;
}

}  // namespace

std::vector<Tensor> RunByOps(const Graph& body, const std::vector<Tensor>& inputs) {
  std::vector<Tensor> values(body.num_values());
  for (size_t i = 0; i < inputs.size(); ++i) values[body.inputs()[i].value] = inputs[i];
  for (NodeId n = 0; n < body.num_nodes(); ++n) {
    if (body.Is(n, Op::input)) continue;
    if (body.Is(n, Op::constant)) {
      values[body.result(n)] = body.attributes(n).Get<Tensor>("value");
      continue;
    }
    if (body.Is(n, Op::transpose)) {
      values[body.result(n)] = Transposed(values[body.operands(n)[0]], body.attributes(n));
      continue;
    }
    std::vector<PhysicalType> operands, result_types;
    std::vector<View> in;
    for (ValueId v : body.operands(n)) {
      operands.push_back(TypeOf(values[v]));
      in.push_back(ViewOf(values[v]));
    }
    const std::vector<Tensor> results = Allocated(body.result_types(n));
    for (const Tensor& t : results) result_types.push_back(TypeOf(t));
    const std::vector<View> out = ViewsOf(results);
    const KernelCall call{body.op(n), body.attributes(n), operands, result_types};
    const Kernel* kernel = nullptr;
    for (const Kernel& k : CpuBackend().kernels()) {
      if (kernel == nullptr && Accepts(k, call)) kernel = &k;
    }
    if (kernel == nullptr) {
      ADD_FAILURE() << "no kernel for " << body.op(n).name;
      return {};
    }
    const Prepared prepared = kernel->prepare(call);
    StepInfo info;
    prepared.launch({prepared.state.get(), in.data(), out.data(), nullptr, &info, 0});
    for (size_t i = 0; i < results.size(); ++i) {
      values[body.result(n, static_cast<int>(i))] = results[i];
    }
  }
  std::vector<Tensor> results;
  for (const GraphOutput& out : body.outputs()) results.push_back(values[out.value]);
  return results;
}

std::vector<Tensor> RunAsTape(const Graph& body, const std::vector<Tensor>& inputs) {
  absl::StatusOr<region::LoopProgram> program = region::LowerRegion(body);
  EXPECT_TRUE(program.ok()) << program.status();
  if (!program.ok()) return {};
  const auto tape = cpu::CompileTape(*std::move(program));
  EXPECT_TRUE(tape.ok()) << tape.status();
  if (!tape.ok()) return {};
  const std::vector<Tensor> results = Allocated(OutputTypes(body));
  cpu::RunTape(**tape, ViewsOf(inputs).data(), ViewsOf(results).data());
  return results;
}

std::vector<Tensor> RunInterpreted(const Graph& body, const std::vector<Tensor>& inputs) {
  const absl::StatusOr<region::LoopProgram> program = region::LowerRegion(body);
  EXPECT_TRUE(program.ok()) << program.status();
  if (!program.ok()) return {};
  const std::vector<Tensor> results = Allocated(OutputTypes(body));
  region::Interpret(*program, ViewsOf(inputs), ViewsOf(results));
  return results;
}

namespace {

template <class T>
std::complex<double> Number(T x) {
  if constexpr (sizeof(T) == 2) return static_cast<double>(static_cast<float>(x));
  else return std::complex<double>(x);
}

bool IsNan(std::complex<double> x) { return std::isnan(x.real()) || std::isnan(x.imag()); }

// differ(a, b) for elements.
template <class F>
std::string FirstDifference(const Tensor& a, const Tensor& b, F&& differ) {
  if (a.dtype() != b.dtype() || a.sizes() != b.sizes()) return "other types";
  const Tensor x = a.Contiguous(), y = b.Contiguous();
  return DispatchDType(a.dtype(), [&]<class Tag>(Tag) -> std::string {
    using T = typename Tag::type;
    for (int64_t i = 0; i < x.NumElements(); ++i) {
      const T p = x.data<T>()[i], q = y.data<T>()[i];
      const auto u = Number(p), v = Number(q);
      if (std::memcmp(&p, &q, sizeof(T)) == 0 || !differ(u, v)) continue;
      return absl::StrCat("element ", i, " of ", x.NumElements(), ": ", u.real(), " + ", u.imag(),
                          "j, not ", v.real(), " + ", v.imag(), "j");
    }
    return "";
  });
}

bool PartsDifferInBits(double a, double b) {
  return std::memcmp(&a, &b, sizeof(a)) != 0 && !(std::isnan(a) && std::isnan(b));
}

}  // namespace

std::string BitDifference(const Tensor& a, const Tensor& b) {
  return FirstDifference(a, b, [](std::complex<double> x, std::complex<double> y) {
    return PartsDifferInBits(x.real(), y.real()) || PartsDifferInBits(x.imag(), y.imag());
  });
}

std::string Difference(const Tensor& a, const Tensor& b, double tolerance) {
  const double allowed = IsInexact(a.dtype()) ? tolerance : 0;
  return FirstDifference(a, b, [&](std::complex<double> x, std::complex<double> y) {
    if (IsNan(x) || IsNan(y)) return IsNan(x) != IsNan(y);
    if (x == y) return false;
    return !(std::abs(x - y) <= allowed * std::max(1.0, std::abs(y)));
  });
}

}  // namespace otium

// SPDX-License-Identifier: Apache-2.0
#include "tests/ops/reference_run.h"

#include "absl/strings/str_cat.h"
#include "backends/reference/reference.h"
#include "engine/base/status.h"
#include "engine/graph/capture.h"

namespace otium::testing_ops {
namespace {

const Kernel* KernelOf(Op op) {
  for (const Kernel& k : ReferenceBackend().kernels()) {
    if (k.op == op) return &k;
  }
  return nullptr;
}

PhysicalType PhysicalOf(const Tensor& t) {
  PhysicalType p;
  p.dtype = t.dtype();
  p.sizes.assign(t.sizes().begin(), t.sizes().end());
  p.strides.assign(t.strides().begin(), t.strides().end());
  return p;
}

View ViewOfTensor(Tensor* t) { return {t->mutable_data(), t->sizes().data(), t->strides().data()}; }

}  // namespace

absl::StatusOr<std::vector<Tensor>> RunByReference(const Graph& graph,
                                                   absl::Span<const Tensor> inputs) {
  std::vector<Tensor> values(graph.num_values());
  for (size_t i = 0; i < inputs.size(); ++i) values[graph.inputs()[i].value] = inputs[i];
  for (NodeId n = 0; n < graph.num_nodes(); ++n) {
    if (graph.Is(n, Op::input)) continue;
    if (graph.Is(n, Op::assume)) {  // Its kernel only checks.
      values[graph.result(n)] = values[graph.operands(n)[0]];
      continue;
    }
    const Kernel* kernel = KernelOf(graph.op(n).id);
    if (kernel == nullptr) {
      return absl::UnimplementedError(absl::StrCat(graph.op(n).name, " has no reference kernel"));
    }
    std::vector<PhysicalType> operands, results;
    std::vector<View> operand_views, result_views;
    std::vector<const TensorType*> types;
    for (ValueId v : graph.operands(n)) {
      if (v == kNoValue) {
        operands.push_back({.present = false});
        operand_views.push_back({});
        types.push_back(nullptr);
        continue;
      }
      operands.push_back(PhysicalOf(values[v]));
      operand_views.push_back(ViewOfTensor(&values[v]));
      types.push_back(&graph.type(v));
    }
    for (int i = 0; i < graph.num_results(n); ++i) {
      const TensorType& type = graph.type(graph.result(n, i));
      OTIUM_ASSIGN_OR_RETURN(Tensor t, Tensor::Allocate(type.dtype, type.shape.sizes()));
      values[graph.result(n, i)] = std::move(t);
    }
    for (int i = 0; i < graph.num_results(n); ++i) {
      Tensor* t = &values[graph.result(n, i)];
      results.push_back(PhysicalOf(*t));
      result_views.push_back(ViewOfTensor(t));
    }
    const KernelCall call{graph.op(n), graph.attributes(n), operands, results};
    if (!Accepts(*kernel, call)) {
      return absl::InternalError(absl::StrCat(kernel->name, " does not accept the call"));
    }
    const Prepared prepared = kernel->prepare(call);
    StepInfo info;
    prepared.launch({.state = prepared.state.get(),
                     .operands = operand_views.data(),
                     .results = result_views.data(),
                     .info = &info});
    if (info.code != 0) {
      const OpCall op_call{graph.op(n), types, graph.attributes(n)};
      return absl::FailedPreconditionError(absl::StrCat(
          graph.op(n).name, ": ", graph.op(n).failure(op_call, info.code, info.index)));
    }
  }
  std::vector<Tensor> outputs;
  for (const GraphOutput& out : graph.outputs()) outputs.push_back(values[out.value]);
  return outputs;
}

absl::StatusOr<Tensor> ReferenceValue(const Expr& expr) {
  CaptureRequest request;
  request.outputs.emplace_back("value", expr);
  OTIUM_ASSIGN_OR_RETURN(const Graph graph, Capture(request));
  OTIUM_ASSIGN_OR_RETURN(std::vector<Tensor> values, RunByReference(graph, {}));
  return values[0];
}

namespace {

template <class F>
Tensor Fill(DType dtype, absl::Span<const int64_t> sizes, F next) {
  Tensor t = *Tensor::Allocate(dtype, sizes);
  DispatchDType(dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    for (int64_t i = 0; i < t.NumElements(); ++i) {
      T& out = t.mutable_data<T>()[i];
      if constexpr (std::is_same_v<T, std::complex<float>> ||
                    std::is_same_v<T, std::complex<double>>) {
        const auto re = static_cast<typename T::value_type>(next(i));
        const auto im = static_cast<typename T::value_type>(next(i));
        out = T(re, im);
      } else if constexpr (std::is_same_v<T, bool>) {
        out = next(i) > 0;
      } else {
        out = static_cast<T>(static_cast<float>(next(i)));
      }
    }
  });
  return t;
}

}  // namespace

Tensor Iota(DType dtype, absl::Span<const int64_t> sizes) {
  return Fill(dtype, sizes, [](int64_t i) { return i; });
}

Tensor RandomIntegers(DType dtype, absl::Span<const int64_t> sizes, std::mt19937* random) {
  return Fill(dtype, sizes, [&](int64_t) { return static_cast<int64_t>((*random)() % 7) - 3; });
}

std::complex<double> At(const Tensor& t, absl::Span<const int64_t> index) {
  int64_t offset = 0;
  for (size_t d = 0; d < index.size(); ++d) offset += index[d] * t.strides()[d];
  return DispatchDType(t.dtype(), [&]<class Tag>(Tag) -> std::complex<double> {
    using T = typename Tag::type;
    const T& v = t.data<T>()[offset];
    if constexpr (std::is_same_v<T, std::complex<float>> ||
                  std::is_same_v<T, std::complex<double>>) {
      return {v.real(), v.imag()};
    } else if constexpr (std::is_same_v<T, double> || std::is_same_v<T, int64_t>) {
      return static_cast<double>(v);
    } else {
      return static_cast<double>(static_cast<float>(v));
    }
  });
}

namespace {
void AppendText(const Tensor& t, Sizes* index, std::string* text) {
  if (index->size() == t.sizes().size()) {
    const std::complex<double> v = At(t, *index);
    if (IsComplex(t.dtype())) absl::StrAppend(text, "(", v.real(), ",", v.imag(), ")");
    else absl::StrAppend(text, v.real());
    return;
  }
  const int64_t size = t.sizes()[index->size()];
  text->append("[");
  for (int64_t i = 0; i < size; ++i) {
    if (i > 0) text->append(", ");
    index->push_back(i);
    AppendText(t, index, text);
    index->pop_back();
  }
  text->append("]");
}
}  // namespace

std::string Text(const Tensor& t) {
  std::string text;
  Sizes index;
  AppendText(t, &index, &text);
  return text;
}

std::string TypeOrError(const Expr& expr) {
  const absl::Status status = expr.status();
  return status.ok() ? ShortType(expr.type()) : std::string(status.message());
}

}  // namespace otium::testing_ops

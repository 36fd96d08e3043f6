// SPDX-License-Identifier: Apache-2.0
#include "tests/backends/cases.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "backends/reference/reference.h"
#include "engine/graph/function.h"
#include "engine/graph/schema.h"
#include "ops/ops.h"
#include "tests/backends/linalg_cases.h"
#include "tests/backends/linalg_promises.h"
#include "tests/backends/movement_cases.h"
#include "tests/backends/pick.h"
#include "tests/backends/spectral_cases.h"
#include "tests/backends/spectral_promises.h"
#include "tests/backends/structure_cases.h"

namespace otium {
namespace {

// Elements in [-2, 2], exact in every dtype's neighbourhood.
Tensor RandomTensor(DType dtype, const Sizes& sizes, std::mt19937& random) {
  // Storage with a gap, transposed or expanded at times: any strides must do.
  Sizes storage = sizes;
  const int rank = static_cast<int>(sizes.size());
  const bool swapped = rank >= 2 && Pick(random, 0, 2) == 0;
  if (swapped) std::swap(storage[rank - 1], storage[rank - 2]);
  const int64_t gap = rank >= 1 && Pick(random, 0, 2) == 0 ? Pick(random, 1, 3) : 0;
  if (rank >= 1) storage[rank - 1] += gap;
  Tensor whole = *Tensor::Allocate(dtype, storage);
  std::uniform_real_distribution<double> uniform(-2, 2);
  DispatchDType(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* p = whole.mutable_data<T>();
    for (int64_t i = 0; i < whole.NumElements(); ++i) {
      if constexpr (std::is_same_v<T, bool>) p[i] = uniform(random) > 0;
      else if constexpr (std::is_integral_v<T>) p[i] = static_cast<T>(uniform(random) * 20);
      else if constexpr (std::is_same_v<T, std::complex<float>> ||
                         std::is_same_v<T, std::complex<double>>) {
        using R = typename T::value_type;
        p[i] = T(static_cast<R>(uniform(random)), static_cast<R>(uniform(random)));
      } else p[i] = static_cast<T>(static_cast<float>(uniform(random)));
    }
  });
  Sizes strides(whole.strides().begin(), whole.strides().end());
  if (swapped) std::swap(strides[rank - 1], strides[rank - 2]);
  return Tensor(whole.buffer(), 0, dtype, sizes, strides);
}

PhysicalType TypeOf(const Tensor& t) {
  PhysicalType p;
  p.dtype = t.dtype();
  p.sizes.assign(t.sizes().begin(), t.sizes().end());
  p.strides.assign(t.strides().begin(), t.strides().end());
  return p;
}

// A region of the two operands a [m, n] and v [n]: two results, one of them rows.
GraphPtr RegionBody(DType dtype, int64_t m, int64_t n) {
  Function::Builder b("region");
  const Expr a = b.Input("a", dtype, {m, n}), v = b.Input("v", dtype, {n});
  const Expr y = a * v + a;
  b.Output("y", y);
  b.Output("s", sum(y, Ints{1}));
  return b.Build()->graph_ptr();
}

// Attributes without a default, and those whose default leaves most untried.
std::vector<NamedAttribute> RandomAttributes(const OpDef& op, DType dtype,
                                             const std::vector<Sizes>& shapes,
                                             std::mt19937& random) {
  std::vector<NamedAttribute> attributes;
  const int64_t rank = shapes.empty() ? 0 : static_cast<int64_t>(shapes[0].size());
  auto add_dim = [&](ParamKind kind) {
    const int64_t dim = Pick(random, -std::max<int64_t>(rank, 1), std::max<int64_t>(rank, 1) - 1);
    if (kind == ParamKind::kInt) attributes.push_back({"dim", dim});
    if (kind != ParamKind::kInts) return;
    Ints dims;
    for (int64_t d = 0; d < rank; ++d) {
      if (Pick(random, 0, 1) == 0) dims.push_back(d);
    }
    if (op.id == Op::argmax || op.id == Op::argmin) dims = {dim};
    if (Pick(random, 0, 2) != 0) attributes.push_back({"dim", dims});
  };
  for (const ParamDef& p : op.params) {
    if (p.name == "dim" && (op.Is(kReductionOp) || p.kind == ParamKind::kInt)) add_dim(p.kind);
    if (p.name == "size") {
      attributes.push_back({"size", Dims{PickSize(random), PickSize(random)}});
      attributes.push_back({"dtype", dtype});
    }
    if (p.name == "keepdim") attributes.push_back({"keepdim", Pick(random, 0, 1) == 0});
    if (p.name == "approximate" && Pick(random, 0, 1) == 0) {
      attributes.push_back({"approximate", std::string("tanh")});
    }
    if (p.name == "ord" && p.kind == ParamKind::kFloat) {
      const double orders[] = {2, 1, 3, 0, INFINITY, -INFINITY};
      attributes.push_back({"ord", orders[Pick(random, 0, 5)]});
    }
  }
  AddMovementAttributes(op, dtype, shapes, random, &attributes);
  AddLinalgAttributes(op, shapes, random, &attributes);
  AddSpectralAttributes(op.id, random, &attributes);
  AddStructureAttributes(op.id, dtype, shapes, random, &attributes);
  if (op.id == Op::cast) {
    attributes.push_back({"dtype", static_cast<DType>(Pick(random, 0, kNumDTypes - 1))});
  }
  if (op.id == Op::fused) {
    attributes.push_back({"graph", RegionBody(dtype, shapes[0][0], shapes[0][1])});
  }
  return attributes;
}

// Operand shapes for an op, or nothing when the op is not known here.
std::optional<std::vector<Sizes>> OperandShapes(Op op, std::mt19937& random) {
  if (auto shapes = MovementShapes(op, random); shapes.has_value()) return shapes;
  if (auto shapes = LinalgShapes(op, random); shapes.has_value()) return shapes;
  if (auto shapes = SpectralShapes(op, random); shapes.has_value()) return shapes;
  if (auto shapes = StructureShapes(op, random); shapes.has_value()) return shapes;
  const int64_t m = PickSize(random), n = PickSize(random), k = PickSize(random);
  const int64_t b = Pick(random, 0, 5);
  auto input = [&](Sizes full) {  // Something that broadcasts to `full`.
    for (int64_t& s : full) {
      if (Pick(random, 0, 3) == 0) s = 1;
    }
    if (Pick(random, 0, 4) == 0) full.erase(full.begin());
    return full;
  };
  if (GetOp(op).Is(kPointwiseOp) || op == Op::clone) {
    Sizes full;
    for (int64_t d = Pick(random, 0, 3); d > 0; --d) full.push_back(PickSize(random));
    std::vector<Sizes> shapes(GetOp(op).num_operand_params(), full);
    for (size_t i = 1; i < shapes.size(); ++i) {
      // alpha, beta and value are 0-D.
      shapes[i] = OperandParam(GetOp(op), i).scale_factor || full.empty() ? Sizes() : input(full);
    }
    return shapes;
  }
  if (GetOp(op).Is(kReductionOp) || op == Op::softmax || op == Op::log_softmax) {
    Sizes full;
    for (int64_t d = Pick(random, 0, 3); d > 0; --d) full.push_back(PickSize(random));
    // Long rows now and then: blocks, and partial results of several.
    if (!full.empty() && Pick(random, 0, 3) == 0) full.back() = Pick(random, 250, 1200);
    return {{full}};
  }
  switch (op) {
    case Op::zeros:
    case Op::ones: return std::vector<Sizes>{};
    case Op::full: return std::vector<Sizes>{Sizes{}};
    case Op::zeros_like:
    case Op::ones_like: return {{{m, n}}};
    case Op::full_like: return {{{m, n}, {}}};
    case Op::cumsum:
    case Op::cumprod:
      return b % 2 == 0 ? std::vector<Sizes>{{m, n}} : std::vector<Sizes>{{b, m, n}};
    case Op::cat: return {{{m, n}, {k, n}, {1, n}}};
    case Op::stack: return {{{m, n}, {m, n}}};
    case Op::fused: return {{{m, n}, {n}}};
    case Op::mv: return {{{m, k}, {k}}};
    case Op::addmv: return {{input({m}), {m, k}, {k}, {}, {}}};
    case Op::mm: return {{{m, k}, {k, n}}};
    case Op::addmm: return {{input({m, n}), {m, k}, {k, n}, {}, {}}};
    case Op::bmm: return {{{b, m, k}, {b, k, n}}};
    case Op::baddbmm: return {{input({b, m, n}), {b, m, k}, {b, k, n}, {}, {}}};
    case Op::matmul: return {{{b, 1, m, k}, {n % 4 + 1, k, n}}};
    case Op::dot:
    case Op::vdot: return {{{k}, {k}}};
    case Op::outer: return {{{m}, {n}}};
    case Op::addr: return {{input({m, n}), {m}, {n}, {}, {}}};
    case Op::clone:
    case Op::cast: return {{{m, n}}};
    default: break;
  }
  const OpDef& def = GetOp(op);
  if (def.Is(kReductionOp)) return {{{m, b, k}}};
  if (!def.Is(kPointwiseOp)) return std::nullopt;
  // The first operand has the shape of the result, the others broadcast to it.
  std::vector<Sizes> shapes = {{m, n}};
  while (static_cast<int>(shapes.size()) < def.num_operand_params()) {
    shapes.push_back(input({m, n}));
  }
  return shapes;
}

}  // namespace

std::string KernelCase::Describe() const {
  std::vector<std::string> parts;
  for (const PhysicalType& t : operand_types) {
    parts.push_back(t.present
                        ? absl::StrCat("[", absl::StrJoin(t.sizes, ","), "]/[",
                                       absl::StrJoin(t.strides, ","), "]", t.conjugated ? "*" : "")
                        : "-");
  }
  return absl::StrJoin(parts, " ");
}

std::optional<KernelCase> MakeCase(const Kernel& kernel, DType dtype, std::mt19937& random) {
  KernelCase c;
  c.op = &GetOp(kernel.op);
  const auto shapes = OperandShapes(kernel.op, random);
  if (!shapes.has_value()) return std::nullopt;
  absl::StatusOr<Attributes> attributes =
      ResolveAttributes(*c.op, RandomAttributes(*c.op, dtype, *shapes, random));
  if (!attributes.ok()) return std::nullopt;
  c.attributes = *std::move(attributes);
  std::vector<TensorType> types;
  for (size_t i = 0; i < shapes->size(); ++i) {
    const bool optional = OperandParam(*c.op, i).kind == ParamKind::kOptionalTensor;
    if (optional && Pick(random, 0, 1) == 0) {
      c.operands.emplace_back();
      c.operand_types.push_back({.present = false});
      types.emplace_back();
      continue;
    }
    const bool condition = c.op->id == Op::where && i == 0;
    Tensor t = RandomTensor(condition ? DType::kBool : dtype, (*shapes)[i], random);
    Structure structure;
    t = LinalgOperand(kernel, static_cast<int>(i), t, &structure);
    t = SpectralOperand(kernel, static_cast<int>(i), t);
    t = StructureOperand(c.op->id, t, c.attributes, random);
    t = MovementOperand(c.op->id, static_cast<int>(i), t, i > 0 ? &*c.operands[0] : nullptr,
                        c.attributes, random);
    if (c.op->id == Op::nonzero) {
      // At times it is told a wrong count.
      const int64_t count = CountNonzero(t) + (Pick(random, 0, 5) == 0 ? Pick(random, -2, 2) : 0);
      absl::StatusOr<Attributes> counted =
          ResolveAttributes(*c.op, {{"count", Dim(std::max<int64_t>(count, 0))}});
      if (!counted.ok()) return std::nullopt;
      c.attributes = *std::move(counted);
    }
    PhysicalType p = TypeOf(t);
    p.structure = NormalizeStructure(structure, dtype, Shape(absl::Span<const int64_t>(p.sizes)));
    if (IsComplex(dtype) && (kernel.takes_conjugated >> i & 1) != 0) {
      p.conjugated = Pick(random, 0, 2) == 0;
    }
    types.emplace_back(t.dtype(), Shape(t.sizes()));
    c.operand_types.push_back(std::move(p));
    c.operands.push_back(std::move(t));
  }
  std::vector<const TensorType*> pointers;
  for (size_t i = 0; i < types.size(); ++i) {
    pointers.push_back(c.operands[i].has_value() ? &types[i] : nullptr);
  }
  // Kernels see operands that are promoted already.
  const auto promoted = PromoteOperands(*c.op, pointers);
  if (!promoted.ok()) return std::nullopt;
  for (const std::optional<DType>& cast : *promoted) {
    if (cast.has_value()) return std::nullopt;
  }
  ResultTypes results;
  if (!InferTypes({*c.op, pointers, c.attributes}, &results).ok()) return std::nullopt;
  if (c.op->id == Op::assume) results.clear();  // It looks, and makes nothing.
  for (const TensorType& r : results) {
    PhysicalType p;
    p.dtype = r.dtype;
    p.sizes = r.shape.sizes();
    p.strides = ContiguousStrides(p.sizes);
    c.result_types.push_back(std::move(p));
  }
  if (!Accepts(kernel, {*c.op, c.attributes, c.operand_types, c.result_types})) return std::nullopt;
  return c;
}

namespace {

std::vector<Tensor> Launch(const Kernel& kernel, const KernelCase& c,
                           const std::vector<std::optional<Tensor>>& operands,
                           const std::vector<PhysicalType>& types, StepInfo* info) {
  const Prepared prepared = kernel.prepare({*c.op, c.attributes, types, c.result_types});
  std::vector<View> in, out;
  for (size_t i = 0; i < types.size(); ++i) {
    View v;
    if (operands[i].has_value()) {
      v.data = const_cast<void*>(operands[i]->data());
      v.sizes = types[i].sizes.data();
      v.strides = types[i].strides.data();
    }
    in.push_back(v);
  }
  std::vector<Tensor> results;
  for (const PhysicalType& p : c.result_types) {
    results.push_back(*Tensor::Allocate(p.dtype, p.sizes));
    out.push_back({results.back().mutable_data(), p.sizes.data(), p.strides.data()});
  }
  const IntrusivePtr<Buffer> workspace = Buffer::Allocate(prepared.workspace_bytes);
  prepared.launch({prepared.state.get(), in.data(), out.data(), workspace->data(), info, 0});
  return results;
}

double Magnitude(const Tensor& t) {
  double largest = 0;
  const Tensor dense = t.Contiguous();
  DispatchDType(t.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < dense.NumElements(); ++i) {
      const T v = dense.data<T>()[i];
      if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
        largest = std::max(largest, std::abs(static_cast<double>(static_cast<float>(v))));
      } else {
        largest = std::max(largest, static_cast<double>(std::abs(std::complex<double>(v))));
      }
    }
  });
  return largest;
}

Tensor Conjugated(const Tensor& t) {
  Tensor copy = Tensor::Copy(t.Contiguous().data(), t.dtype(), t.sizes());
  DispatchDType(t.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, std::complex<float>> ||
                  std::is_same_v<T, std::complex<double>>) {
      T* p = copy.mutable_data<T>();
      for (int64_t i = 0; i < copy.NumElements(); ++i) p[i] = std::conj(p[i]);
    }
  });
  return copy;
}

template <class T>
std::complex<double> Number(const T& x) {
  if constexpr (sizeof(T) == 2) return static_cast<double>(static_cast<float>(x));
  else return std::complex<double>(x);
}
template <class T>
double Magnitude1(const T& x) {
  const double m = std::abs(Number(x));
  return std::isfinite(m) ? m : 1.0;
}
// Equal, or NaN both; complex numbers also when both have overflowed, which part of
// them is NaN then depends on how products are written.
template <class T>
bool IsSame(const T& a, const T& b) {
  const std::complex<double> x = Number(a), y = Number(b);
  auto nan = [](std::complex<double> z) { return std::isnan(z.real()) || std::isnan(z.imag()); };
  auto finite = [](std::complex<double> z) {
    return std::isfinite(z.real()) && std::isfinite(z.imag());
  };
  if (IsComplex(DTypeOf<T>())) return x == y || (!finite(x) && !finite(y));
  return x == y || (nan(x) && nan(y));
}

}  // namespace

std::string CompareWithReference(const Kernel& kernel, const KernelCase& c) {
  StepInfo info, reference_info;
  const std::vector<Tensor> actual = Launch(kernel, c, c.operands, c.operand_types, &info);
  // The reference takes plain operands.
  std::vector<std::optional<Tensor>> plain = c.operands;
  std::vector<PhysicalType> plain_types = c.operand_types;
  double scale = 1, inner = 1;
  for (size_t i = 0; i < plain.size(); ++i) {
    if (!plain[i].has_value()) continue;
    if (plain_types[i].conjugated) {
      plain[i] = Conjugated(*plain[i]);
      const Structure structure = plain_types[i].structure;
      plain_types[i] = TypeOf(*plain[i]);
      plain_types[i].structure = structure;
    }
    scale *= std::max(1.0, Magnitude(*plain[i]));
    for (int64_t s : plain[i]->sizes()) inner = std::max(inner, static_cast<double>(s));
    // A reduction may be over all dimensions.
    if (c.op->Is(kReductionOp)) {
      inner = std::max(inner, static_cast<double>(plain[i]->NumElements()));
    }
  }
  const Kernel* reference = nullptr;
  for (const Kernel& k : ReferenceBackend().kernels()) {
    if (k.op == kernel.op) reference = &k;
  }
  if (reference == nullptr) return "there is no reference kernel";
  const std::vector<Tensor> expected = Launch(*reference, c, plain, plain_types, &reference_info);
  if ((info.code == 0) != (reference_info.code == 0)) {
    return absl::StrCat("info ", info.code, ", reference ", reference_info.code);
  }
  if (IsExact(c.op->id) &&
      (info.code != reference_info.code || info.index != reference_info.index ||
       info.count != reference_info.count)) {
    return absl::StrCat("info ", info.code, " at ", info.index, ", reference ", reference_info.code,
                        " at ", reference_info.index);
  }
  if (info.code != 0) return "";
  for (auto* broken : {BrokenLinalgPromise, BrokenSpectralPromise}) {
    if (const auto what = broken(c, plain, actual); what.has_value()) return *what;
  }
  for (size_t r = 0; r < actual.size(); ++r) {
    const DType dtype = actual[r].dtype();
    if (IsExact(c.op->id)) {
      const auto bytes = static_cast<size_t>(actual[r].NumElements() * ItemSize(dtype));
      if (bytes > 0 && std::memcmp(actual[r].data(), expected[r].data(), bytes) != 0) {
        return absl::StrCat("result ", r, " has other bits");
      }
      continue;
    }
    const double tolerance = c.error_factor * Epsilon(dtype) * (inner + 1) * scale;
    std::string difference;
    DispatchDType(dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      for (int64_t i = 0; i < actual[r].NumElements() && difference.empty(); ++i) {
        const T a = actual[r].data<T>()[i], e = expected[r].data<T>()[i];
        double error;
        if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
          error = std::abs(static_cast<double>(static_cast<float>(a)) - static_cast<float>(e));
        } else {
          error = std::abs(std::complex<double>(a) - std::complex<double>(e));
        }
        // Elementwise results are as exact as they are large; NaN and infinity are
        // themselves.
        const double size =
            c.op->Is(kPointwiseOp) || c.op->Is(kReductionOp) ? std::max(1.0, Magnitude1(e)) : 1.0;
        if (IsSame(a, e)) continue;
        if (!(error <= tolerance * size)) {
          difference = absl::StrCat("result ", r, " element ", i, " differs by ", error,
                                    ", allowed ", tolerance);
        }
      }
    });
    if (!difference.empty()) return difference;
  }
  return "";
}

}  // namespace otium

// SPDX-License-Identifier: Apache-2.0
#include "tests/graphs/random_graph.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "absl/strings/str_cat.h"
#include "engine/graph/graph_builder.h"

namespace otium {
namespace {

// Texts that ops take and that cannot be guessed.
struct TextChoice {
  absl::string_view op, attribute, text;
};
constexpr TextChoice kTexts[] = {
    {"einsum", "equation", "ij,jk->ik"}, {"einsum", "equation", "ij->ji"},
    {"einsum", "equation", "i,i->"},     {"einsum", "equation", "i,j->ij"},
    {"einsum", "equation", "ii->i"},     {"einsum", "equation", "bij,bjk->bik"},
};

class Generator {
 public:
  Generator(uint32_t seed, const RandomGraphOptions& options)
      : random_(seed), options_(options), builder_(absl::StrCat("random", seed)) {
    for (const OpDef* op : AllOps()) {
      if (!IsDrawn(*op)) continue;
      (op->Is(kDataDependent) ? size_makers_ : ops_).push_back(op);
    }
  }

  RandomGraph Run() {
    static constexpr DType kUsual[] = {DType::kF32, DType::kF64,  DType::kF32, DType::kF64,
                                       DType::kC64, DType::kC128, DType::kI64, DType::kF16};
    dtype_ = kUsual[Pick(0, 7)];
    integers_ = Chance(options_.integer_data);
    const int64_t most = options_.max_size;
    sizes_ = {Pick(1, most / 2), Pick(2, most), Chance(0.08) ? 0 : Pick(1, most)};
    const int64_t num_inputs = Pick(1, 4);
    for (int64_t i = 0; i < num_inputs; ++i) AddInput(absl::StrCat("x", i));
    const int64_t num_nodes = Pick(1, options_.max_nodes);
    for (int64_t i = 0; i < num_nodes; ++i) AddNode();
    AddOutputs();
    return {builder_.Build()->graph_ptr(), std::move(inputs_)};
  }

 private:
  int64_t Pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }
  bool Chance(double p) { return std::uniform_real_distribution<double>(0, 1)(random_) < p; }
  int64_t PickSize() { return sizes_[Pick(0, 2)]; }
  // Later values are likelier: graphs are to be deep, not only wide.
  const Expr& PickValue() {
    const auto n = static_cast<int64_t>(values_.size());
    return values_[std::max(Pick(0, n - 1), Pick(0, n - 1))];
  }

  // ---- inputs

  void AddInput(const std::string& name) {
    Sizes sizes;
    for (int64_t rank = std::max(Pick(0, 2), Pick(0, 3)); rank > 0; --rank) {
      sizes.push_back(Chance(0.1) ? 1 : PickSize());
    }
    const DType dtype = Chance(0.75) ? dtype_ : static_cast<DType>(Pick(0, kNumDTypes - 1));
    Structure structure;
    Tensor data;
    const bool square = sizes.size() == 2 && sizes[0] == sizes[1];
    if (square && IsInexact(dtype) && ItemSize(RealDType(dtype)) >= 4 && Chance(0.4)) {
      structure.flags = kPd;
      data = Definite(dtype, sizes[0]);
    } else {
      data = Strided(dtype, sizes);
    }
    values_.push_back(
        builder_.Input(name, dtype, Shape(absl::Span<const int64_t>(sizes)), structure));
    inputs_.Set(name, std::move(data));
  }

  double Number() {
    if (integers_) return static_cast<double>(Pick(-3, 3));
    return std::uniform_real_distribution<double>(-2, 2)(random_);
  }

  void Fill(Tensor* tensor) {
    DispatchDType(tensor->dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      T* p = tensor->mutable_data<T>();
      for (int64_t i = 0; i < tensor->NumElements(); ++i) {
        if constexpr (std::is_same_v<T, bool>) {
          p[i] = Number() > 0;
        } else if constexpr (std::is_same_v<T, std::complex<float>> ||
                             std::is_same_v<T, std::complex<double>>) {
          using R = typename T::value_type;
          const auto real = static_cast<R>(Number());
          p[i] = T(real, static_cast<R>(Number()));
        } else if constexpr (std::is_integral_v<T>) {
          p[i] = static_cast<T>(Number());
        } else {
          p[i] = static_cast<T>(static_cast<float>(Number()));
        }
      }
    });
  }

  // Random data that lies in one of many ways.
  Tensor Strided(DType dtype, const Sizes& sizes) {
    const size_t rank = sizes.size();
    std::vector<size_t> order(rank);  // From the outside in.
    std::iota(order.begin(), order.end(), 0);
    if (Chance(0.3)) std::shuffle(order.begin(), order.end(), random_);
    Sizes strides(rank, 0), storage;
    int64_t offset = 0, step = 1;
    for (size_t k = rank; k-- > 0;) {
      const size_t d = order[k];
      if (Chance(0.05)) continue;  // Expanded: the stride stays 0.
      if (Chance(0.1)) step *= 2;
      strides[d] = step;
      if (Chance(0.1) && sizes[d] > 0) {
        offset += step * (sizes[d] - 1);
        strides[d] = -step;
      }
      step *= std::max<int64_t>(sizes[d], 1) + (Chance(0.2) ? Pick(1, 3) : 0);
    }
    storage.push_back(step);
    Tensor whole = *Tensor::Allocate(dtype, storage);
    Fill(&whole);
    return Tensor(whole.buffer(), offset * ItemSize(dtype), dtype, sizes, strides);
  }

  // Diagonally dominant, hermitian, positive diagonal.
  Tensor Definite(DType dtype, int64_t n) {
    Tensor a = *Tensor::Allocate(dtype, {n, n});
    Fill(&a);
    DispatchDType(dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      if constexpr (!std::is_integral_v<T>) {
        T* p = a.mutable_data<T>();
        for (int64_t i = 0; i < n; ++i) {
          p[i * n + i] = static_cast<T>(static_cast<float>(6 * n + 1));
          for (int64_t j = 0; j < i; ++j) {
            if constexpr (std::is_same_v<T, std::complex<float>> ||
                          std::is_same_v<T, std::complex<double>>) {
              p[i * n + j] = std::conj(p[j * n + i]);
            } else {
              p[i * n + j] = p[j * n + i];
            }
          }
        }
      }
    });
    return a;
  }

  // ---- nodes

  void AddNode() {
    constexpr int kTries = 200;
    for (int i = 0; i < kTries; ++i) {
      const bool sizes = !size_makers_.empty() && Chance(options_.data_dependent);
      const auto& ops = sizes ? size_makers_ : ops_;
      const OpDef& op = *ops[Pick(0, static_cast<int64_t>(ops.size()) - 1)];
      // Several draws of one op: hard ones (two operands that fit) come up too.
      for (int again = 0; again < 8; ++again) {
        if (TryNode(op)) return;
      }
    }
  }

  bool TryNode(const OpDef& op) {
    Operands operands;
    std::vector<NamedAttribute> attributes;
    bool has_attributes = true;
    for (const ParamDef& p : op.params) {
      switch (p.kind) {
        case ParamKind::kOptionalTensor:
          if (Chance(0.6)) {
            operands.emplace_back();
            break;
          }
          [[fallthrough]];
        case ParamKind::kTensor:
          operands.push_back(Chance(p.scale_factor ? 0.7 : 0.05) ? Arg(Number()).expr()
                                                                 : PickValue());
          break;
        case ParamKind::kTensors:
          for (int64_t n = Pick(1, 3); n > 0; --n) operands.push_back(PickValue());
          break;
        default: has_attributes = has_attributes && AddAttribute(op, p, operands, &attributes);
      }
    }
    if (!has_attributes) return false;
    const IntrusivePtr<const Node> node = MakeNode(op, operands, std::move(attributes), {});
    if (node->error() != nullptr) return false;
    for (const TensorType& t : node->types()) {
      int64_t elements = 1;
      for (const Dim& d : t.shape.dims()) {
        elements *= d.IsStatic() ? std::min<int64_t>(d.value(), 100000) : 1;
      }
      if (elements > options_.max_elements || t.rank() > 5) return false;
    }
    for (size_t i = 0; i < node->types().size(); ++i) {
      values_.emplace_back(node, static_cast<uint32_t>(i));
    }
    return true;
  }

  // False when no value can be drawn.
  bool AddAttribute(const OpDef& op, const ParamDef& p, const Operands& operands,
                    std::vector<NamedAttribute>* attributes) {
    const bool has_default = p.default_value.kind != ParamDefault::kRequired;
    if (p.name == "stream" || (has_default && Chance(0.5))) return has_default;
    const int rank = operands.empty() || !operands[0] ? 0 : operands[0].type().rank();
    AttributeValue value;
    switch (p.kind) {
      case ParamKind::kBool: value = Chance(0.5); break;
      case ParamKind::kInt: value = Pick(-2, 2); break;
      case ParamKind::kNumber:
        value = Chance(0.5) ? AttributeValue(Dim(Pick(-2, 6))) : AttributeValue(Number());
        break;
      case ParamKind::kOrder:
        value = Chance(0.3) ? AttributeValue(std::string("fro"))
                            : AttributeValue(static_cast<double>(Pick(-2, 3)));
        break;
      case ParamKind::kPairing:
        value = Chance(0.5) ? AttributeValue(Pick(0, 2))
                            : AttributeValue(Ints{Pick(-2, 1), Pick(-2, 1)});
        break;
      case ParamKind::kFloat: value = static_cast<double>(Pick(-2, 4)) / 2; break;
      case ParamKind::kDType: value = static_cast<DType>(Pick(0, kNumDTypes - 1)); break;
      case ParamKind::kDim: value = Dim(PickSize()); break;
      case ParamKind::kDims: value = PickShape(operands); break;
      case ParamKind::kInts: value = PickInts(rank); break;
      case ParamKind::kString: {
        std::vector<absl::string_view> texts;
        for (const TextChoice& t : kTexts) {
          if (t.op == op.name && t.attribute == p.name) texts.push_back(t.text);
        }
        if (texts.empty()) return has_default;
        value = std::string(texts[Pick(0, static_cast<int64_t>(texts.size()) - 1)]);
        break;
      }
      default: return has_default;
    }
    attributes->push_back({p.name, std::move(value)});
    return true;
  }

  // The shape of the first operand in other words, grown at its front, or any.
  Dims PickShape(const Operands& operands) {
    Dims dims;
    if (!operands.empty() && operands[0] && operands[0].shape().IsStatic() && Chance(0.8)) {
      const Shape& shape = operands[0].shape();
      if (Chance(0.5)) {
        int64_t rest = shape.NumElements();
        for (int64_t s : {2, 3, 2}) {
          if (rest > 0 && rest % s == 0 && Chance(0.4)) {
            dims.push_back(s);
            rest /= s;
          }
        }
        dims.insert(dims.begin() + Pick(0, static_cast<int64_t>(dims.size())), rest);
        if (Chance(0.2)) dims.push_back(1);
        return dims;
      }
      dims.assign(shape.dims().begin(), shape.dims().end());
      for (Dim& d : dims) {
        if (d.Is(1) && Chance(0.5)) d = PickSize();
      }
      if (Chance(0.4)) dims.insert(dims.begin(), PickSize());
      return dims;
    }
    for (int64_t rank = Pick(0, 3); rank > 0; --rank) dims.push_back(PickSize());
    return dims;
  }

  // Some dimensions, or all of them in another order.
  Ints PickInts(int rank) {
    Ints all(rank);
    std::iota(all.begin(), all.end(), 0);
    std::shuffle(all.begin(), all.end(), random_);
    if (rank > 0 && Chance(0.5)) all.resize(Pick(1, rank));
    for (int64_t& i : all) {
      if (Chance(0.2)) i -= rank;
    }
    return all;
  }

  // ---- outputs

  void AddOutputs() {
    std::vector<bool> used(values_.size(), false);
    for (const Expr& e : values_) {
      for (const Expr& operand : e.node().operands()) {
        for (size_t i = 0; i < values_.size(); ++i) {
          used[i] =
              used[i] || (operand && values_[i].node_ptr().get() == operand.node_ptr().get() &&
                          values_[i].result() == operand.result());
        }
      }
    }
    // What nothing uses, some of what is used, now and then one of them twice. A
    // few results are not asked for.
    int n = 0;
    for (size_t i = 0; i < values_.size(); ++i) {
      const bool last = i + 1 == values_.size();
      if (last || Chance(used[i] ? 0.15 : 0.9)) {
        builder_.Output(absl::StrCat("r", n++), values_[i]);
        if (Chance(0.05)) builder_.Output(absl::StrCat("r", n++), values_[i]);
      }
    }
  }

  std::mt19937 random_;
  const RandomGraphOptions options_;
  Function::Builder builder_;
  std::vector<const OpDef*> ops_, size_makers_;
  std::vector<Expr> values_;
  TensorMap inputs_;
  DType dtype_ = DType::kF32;
  bool integers_ = false;
  Sizes sizes_;
};

}  // namespace

bool IsDrawn(const OpDef& op) {
  switch (op.id) {
    case Op::input:
    case Op::constant:
    case Op::assume:
    case Op::on:
    case Op::call:
    case Op::fused: return false;
    default: break;
  }
  // Files are not drawn, nor graphs.
  for (const ParamDef& p : op.params) {
    const bool needed = p.default_value.kind == ParamDefault::kRequired;
    if (!needed || IsOperand(p.kind)) continue;
    if (p.kind == ParamKind::kGraph || p.kind == ParamKind::kConstant ||
        p.kind == ParamKind::kStructure) {
      return false;
    }
    if (p.kind != ParamKind::kString) continue;
    const bool known = std::any_of(std::begin(kTexts), std::end(kTexts), [&](const TextChoice& t) {
      return t.op == op.name && t.attribute == p.name;
    });
    if (!known) return false;
  }
  return true;
}

RandomGraph MakeRandomGraph(uint32_t seed, const RandomGraphOptions& options) {
  return Generator(seed, options).Run();
}

GraphPtr OnlyOutput(const Graph& graph, size_t output) {
  GraphBuilder builder(graph.sources());
  builder.SetName(graph.name());
  std::vector<ValueId> known(graph.num_values(), kNoValue);
  for (const GraphInput& in : graph.inputs()) {
    builder.SetOrigins(graph.origins(graph.producer(in.value)));
    known[in.value] = builder.AddInput(in.name, graph.type(in.value), in.default_value);
  }
  const ValueId root = graph.outputs()[output].value;
  const std::vector<ValueId> values = Inline(graph, {&root, 1}, &known, &builder);
  builder.AddOutput(graph.outputs()[output].name, values[0]);
  return std::make_shared<const Graph>(*std::move(builder).Build());
}

}  // namespace otium

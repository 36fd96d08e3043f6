// SPDX-License-Identifier: Apache-2.0
#include "tests/backends/movement_cases.h"

#include <algorithm>
#include <complex>
#include <cstring>

#include "engine/base/half.h"
#include "ops/infer.h"
#include "tests/backends/pick.h"

namespace otium {
namespace {

// Longer ones too.
int64_t PickLong(std::mt19937& random) {
  return Pick(random, 0, 9) == 0 ? Pick(random, 200, 700) : PickSize(random);
}

int64_t PickLength(std::mt19937& random) {
  return Pick(random, 0, 3) == 0 ? Pick(random, 1000, 100000) : PickLong(random);
}

// `rank` sizes; three are small, so that the reference takes no minutes.
Sizes PickSizes(int64_t rank, std::mt19937& random) {
  Sizes sizes;
  if (rank == 1) return {PickLength(random)};
  for (int64_t d = 0; d < rank; ++d) {
    sizes.push_back(rank == 2 ? PickLong(random) : Pick(random, d == 1 ? 0 : 1, 40));
  }
  return sizes;
}

}  // namespace

std::optional<std::vector<Sizes>> MovementShapes(Op op, std::mt19937& random) {
  const int64_t n = PickLong(random);
  switch (op) {
    case Op::eye:
    case Op::arange:
    case Op::linspace:
    case Op::rand:
    case Op::randn: return std::vector<Sizes>{};
    case Op::rand_like:
    case Op::randn_like: return {{PickSizes(Pick(random, 0, 2), random)}};
    case Op::tril:
    case Op::triu: return {{PickSizes(Pick(random, 2, 3), random)}};
    case Op::diag:
      if (Pick(random, 0, 1) == 0) return {{{n}}};
      return {{PickSizes(2, random)}};
    case Op::roll:
    case Op::nonzero: return {{PickSizes(Pick(random, 0, 3), random)}};
    case Op::block_diag: {
      std::vector<Sizes> shapes;
      for (int64_t i = Pick(random, 1, 4); i > 0; --i) {
        shapes.push_back(PickSizes(Pick(random, 0, 2), random));
        if (shapes.back().size() == 1) shapes.back()[0] %= 300;
      }
      return shapes;
    }
    case Op::index_select: return {{PickSizes(Pick(random, 1, 3), random), {n}}};
    case Op::gather: {
      const Sizes x = PickSizes(Pick(random, 1, 3), random);
      Sizes index = x;
      for (int64_t& s : index) s = Pick(random, s / 2, s);
      return {{x, index}};
    }
    default: return std::nullopt;
  }
}

void AddMovementAttributes(const OpDef& op, DType dtype, const std::vector<Sizes>& shapes,
                           std::mt19937& random, std::vector<NamedAttribute>* attributes) {
  auto add = [&](absl::string_view name, AttributeValue value) {
    attributes->push_back({name, std::move(value)});
  };
  const bool is_floating = IsInexact(dtype);
  auto number = [&](int64_t low, int64_t high) -> AttributeValue {
    const int64_t n = Pick(random, low, high);
    if (is_floating && Pick(random, 0, 1) == 0) return static_cast<double>(n) + 0.37;
    return Dim(n);
  };
  switch (op.id) {
    case Op::eye:
      add("n", Dim(PickLong(random)));
      if (Pick(random, 0, 1) == 0) add("m", Dim(PickLong(random)));
      add("dtype", dtype);
      return;
    case Op::arange: {
      const bool down = Pick(random, 0, 2) == 0;
      const int64_t length = PickLength(random);
      add("start", number(-20, 20));
      add("end", Dim(down ? -21 - length : 21 + length));
      add("step", down ? number(-3, -1) : number(1, 3));
      add("dtype", dtype);
      return;
    }
    case Op::linspace:
      add("start", number(-20, 20));
      add("end", number(-20, 20));
      add("steps", Dim(PickLength(random)));
      add("dtype", dtype);
      return;
    case Op::rand:
    case Op::randn:
    case Op::rand_like:
    case Op::randn_like: add("stream", Pick(random, 0, int64_t{1} << 40)); return;
    case Op::tril:
    case Op::triu:
    case Op::diag:
      add("diagonal", Pick(random, 0, 3) == 0 ? Pick(random, -800, 800) : Pick(random, -9, 9));
      return;
    case Op::roll: {
      const int64_t rank = static_cast<int64_t>(shapes[0].size());
      if (rank == 0 || Pick(random, 0, 2) == 0) {
        add("shifts", Ints{Pick(random, -2000, 2000)});
        return;
      }
      Ints shifts, dims;
      for (int64_t d = 0; d < rank; ++d) {
        if (Pick(random, 0, 1) == 0) continue;
        dims.push_back(d);
        shifts.push_back(Pick(random, -50, 50));
      }
      add("shifts", shifts);
      add("dims", dims);
      return;
    }
    default: return;
  }
}

Tensor MovementOperand(Op op, int i, const Tensor& t, const Tensor* x, const Attributes& attributes,
                       std::mt19937& random) {
  if (!MovementShapes(op, random).has_value()) return t;
  if ((op == Op::index_select || op == Op::gather) && i == 1) {
    const int dim = *NormalizeDim(attributes.Get<int64_t>("dim"), x->rank());
    const int64_t size = x->sizes()[dim], wrong = Pick(random, 0, 3) == 0 ? 1 : 0;
    const DType dtype = Pick(random, 0, 1) == 0 ? DType::kI32 : DType::kI64;
    // Every second column of a wider tensor now and then.
    const int64_t step = Pick(random, 1, 2);
    Sizes storage(t.sizes().begin(), t.sizes().end());
    storage.back() *= step;
    Tensor whole = *Tensor::Allocate(dtype, storage);
    DispatchDType(dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      if constexpr (std::is_same_v<T, int32_t> || std::is_same_v<T, int64_t>) {
        for (int64_t k = 0; k < whole.NumElements(); ++k) {
          int64_t index = Pick(random, 0, std::max<int64_t>(size - 1, 0));
          if (wrong != 0 && Pick(random, 0, 30) == 0) index = Pick(random, 0, 1) == 0 ? -3 : size;
          whole.mutable_data<T>()[k] = static_cast<T>(index);
        }
      }
    });
    Sizes strides(whole.strides().begin(), whole.strides().end());
    strides.back() *= step;
    return Tensor(whole.buffer(), 0, dtype, t.sizes(), strides);
  }
  if (op == Op::nonzero) {
    const int64_t item = ItemSize(t.dtype());
    const Tensor dense = Tensor::Copy(t.Contiguous().data(), t.dtype(), t.sizes());
    char* bytes = const_cast<char*>(static_cast<const char*>(dense.data()));
    for (int64_t k = 0; k < dense.NumElements(); ++k) {
      if (Pick(random, 0, 1) == 0) continue;
      std::memset(bytes + k * item, 0, item);
      // -0 is zero too.
      if (IsInexact(t.dtype()) && k % 3 == 0) bytes[(k + 1) * item - 1] = static_cast<char>(0x80);
    }
    return dense;
  }
  Sizes strides(t.strides().begin(), t.strides().end());
  int64_t offset = 0;
  for (int d = 0; d < t.rank(); ++d) {
    const int64_t kind = Pick(random, 0, 5);
    if (t.sizes()[d] == 0 || kind > 1) continue;
    if (kind == 0) offset += (t.sizes()[d] - 1) * strides[d];
    strides[d] = kind == 0 ? -strides[d] : 0;
  }
  return Tensor(t.buffer(), offset * ItemSize(t.dtype()), t.dtype(), t.sizes(), strides);
}

bool IsExact(Op op) {
  switch (op) {
    case Op::assume:
    case Op::eye:
    case Op::arange:
    case Op::linspace:
    case Op::rand:
    case Op::rand_like:
    case Op::tril:
    case Op::triu:
    case Op::diag:
    case Op::block_diag:
    case Op::roll:
    case Op::index_select:
    case Op::gather:
    case Op::nonzero: return true;
    default: return false;
  }
}

int64_t CountNonzero(const Tensor& t) {
  const Tensor dense = t.Contiguous();
  int64_t count = 0;
  DispatchDType(t.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (int64_t i = 0; i < dense.NumElements(); ++i) {
      if constexpr (sizeof(T) == 2) count += static_cast<float>(dense.data<T>()[i]) != 0;
      else count += dense.data<T>()[i] != T(0);
    }
  });
  return count;
}

}  // namespace otium

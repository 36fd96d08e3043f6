// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/text/literal.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <complex>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fast_float/fast_float.h"

namespace otium {
namespace {

// The layout of a float type, to take NaNs apart and put them together.
template <class T>
struct FloatBits;
template <>
struct FloatBits<double> {
  using Bits = uint64_t;
  static constexpr int kMantissa = 52;
};
template <>
struct FloatBits<float> {
  using Bits = uint32_t;
  static constexpr int kMantissa = 23;
};
template <>
struct FloatBits<Float16> {
  using Bits = uint16_t;
  static constexpr int kMantissa = 10;
};
template <>
struct FloatBits<BFloat16> {
  using Bits = uint16_t;
  static constexpr int kMantissa = 7;
};

template <class T>
constexpr uint64_t QuietNan() {
  return uint64_t{1} << (FloatBits<T>::kMantissa - 1);
}

// What to print of a NaN: its sign and, when it is not the usual one, payload.
template <class T>
std::string NanToText(T value) {
  using Bits = typename FloatBits<T>::Bits;
  const Bits bits = std::bit_cast<Bits>(value);
  const uint64_t payload = bits & ((Bits{1} << FloatBits<T>::kMantissa) - 1);
  const bool negative = bits >> (sizeof(Bits) * 8 - 1) != 0;
  return absl::StrCat(negative ? "-" : "", "nan",
                      payload == QuietNan<T>() ? "" : absl::StrCat("(", payload, ")"));
}

template <class T>
std::string FloatToText(T value) {
  if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
    const float wide = static_cast<float>(value);
    return std::isnan(wide) ? NanToText(value) : FloatToText(wide);
  } else {
    if (std::isnan(value)) return NanToText(value);
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    char buffer[64];
    const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
    std::string text(buffer, end);
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
  }
}

template <class T>
std::string ComplexToText(std::complex<T> value) {
  std::string imaginary = FloatToText(value.imag());
  const bool negative = imaginary[0] == '-';
  if (negative) imaginary.erase(0, 1);
  absl::StrAppend(&imaginary, std::isfinite(value.imag()) ? "j" : "*1j");
  return absl::StrCat(FloatToText(value.real()), negative ? "-" : "+", imaginary);
}

template <class T>
std::string ElementToText(const T& value) {
  if constexpr (std::is_same_v<T, bool>) return value ? "true" : "false";
  else if constexpr (std::is_integral_v<T>) return absl::StrCat(value);
  else if constexpr (std::is_same_v<T, std::complex<float>> ||
                     std::is_same_v<T, std::complex<double>>)
    return ComplexToText(value);
  else return FloatToText(value);
}

template <class T>
T RealAs(const RealLiteral& r) {
  if (std::isnan(r.f64)) {
    using Bits = typename FloatBits<T>::Bits;
    constexpr int kMantissa = FloatBits<T>::kMantissa;
    constexpr Bits kMask = static_cast<Bits>((Bits{1} << kMantissa) - 1);
    Bits mantissa = static_cast<Bits>(r.nan_payload == 0 ? QuietNan<T>() : r.nan_payload) & kMask;
    if (mantissa == 0) mantissa = static_cast<Bits>(QuietNan<T>());  // 0 would be infinity.
    constexpr int kBits = sizeof(Bits) * 8;
    const Bits exponent =
        static_cast<Bits>(((Bits{1} << (kBits - 1 - kMantissa)) - 1) << kMantissa);
    const Bits sign = static_cast<Bits>(static_cast<Bits>(std::signbit(r.f64)) << (kBits - 1));
    return std::bit_cast<T>(static_cast<Bits>(sign | exponent | mantissa));
  }
  if constexpr (std::is_same_v<T, double>) return r.f64;
  else return T(r.f32);
}

RealLiteral Negated(RealLiteral r) {
  r.f64 = std::copysign(1.0, r.f64) < 0 ? std::fabs(r.f64) : -std::fabs(r.f64);
  r.f32 = std::copysign(1.0f, r.f32) < 0 ? std::fabs(r.f32) : -std::fabs(r.f32);
  return r;
}

bool IsImaginaryAtom(const Ast& ast, AstId id) {
  const AstKind kind = ast.Kind(id);
  if (kind == AstKind::kImaginary) return true;
  // inf*1j, nan*1j, nan(12)*1j
  if (kind != AstKind::kMul || ast.Kind(ast.Children(id)[1]) != AstKind::kImaginary) return false;
  const AstId left = ast.Children(id)[0];
  return ast.Text(ast.Children(id)[1]) == "1j" &&
         (ast.Kind(left) == AstKind::kInf || ast.Kind(left) == AstKind::kNan ||
          (ast.Kind(left) == AstKind::kCall && ast.Kind(ast.Children(left)[0]) == AstKind::kNan));
}

bool IsRealAtom(const Ast& ast, AstId id) {
  switch (ast.Kind(id)) {
    case AstKind::kInteger:
    case AstKind::kFloat:
    case AstKind::kInf:
    case AstKind::kNan: return true;
    case AstKind::kCall: return ast.Kind(ast.Children(id)[0]) == AstKind::kNan;
    default: return false;
  }
}

// Strips one sign.
AstId Unsigned(const Ast& ast, AstId id, bool* negative) {
  // -inf*1j parses as (-inf)*1j: the sign is inside the product, see below.
  *negative = ast.Kind(id) == AstKind::kNegate;
  return *negative ? ast.Children(id)[0] : id;
}

// -inf*1j as a product whose left factor has the sign.
bool IsSignedImaginaryProduct(const Ast& ast, AstId id) {
  if (ast.Kind(id) != AstKind::kMul) return false;
  const AstId left = ast.Children(id)[0], right = ast.Children(id)[1];
  return ast.Kind(left) == AstKind::kNegate && ast.Kind(right) == AstKind::kImaginary &&
         ast.Text(right) == "1j" && IsRealAtom(ast, ast.Children(left)[0]);
}

class NumberParser {
 public:
  NumberParser(const Ast& ast, LiteralError error) : ast_(ast), error_(error) {}

  std::optional<NumberLiteral> Parse(AstId id) {
    NumberLiteral number;
    const AstKind kind = ast_.Kind(id);
    if (kind == AstKind::kTrue || kind == AstKind::kFalse) {
      number.kind = NumberLiteral::kBool;
      number.integer = kind == AstKind::kTrue;
      number.real = {double(number.integer), float(number.integer)};
      return number;
    }
    if (kind == AstKind::kAdd || kind == AstKind::kSub) {
      std::optional<NumberLiteral> real = Parse(ast_.Children(id)[0]);
      std::optional<NumberLiteral> imaginary = Parse(ast_.Children(id)[1]);
      if (!real || !imaginary) return std::nullopt;
      number.kind = NumberLiteral::kComplex;
      number.real = real->real;
      number.imaginary =
          kind == AstKind::kAdd ? imaginary->imaginary : Negated(imaginary->imaginary);
      return number;
    }
    bool negative;
    AstId atom = Unsigned(ast_, id, &negative);
    if (IsSignedImaginaryProduct(ast_, id)) {
      negative = true;
      const std::optional<RealLiteral> part = Real(ast_.Children(ast_.Children(id)[0])[0]);
      if (!part) return std::nullopt;
      number.kind = NumberLiteral::kComplex;
      number.imaginary = Negated(*part);
      return number;
    }
    if (IsImaginaryAtom(ast_, atom)) {
      const std::optional<RealLiteral> part =
          Real(ast_.Kind(atom) == AstKind::kMul ? ast_.Children(atom)[0] : atom);
      if (!part) return std::nullopt;
      number.kind = NumberLiteral::kComplex;
      number.imaginary = negative ? Negated(*part) : *part;
      return number;
    }
    if (ast_.Kind(atom) == AstKind::kInteger) {
      uint64_t magnitude = 0;
      const uint64_t limit = (uint64_t{1} << 63) - (negative ? 0 : 1);
      if (!absl::SimpleAtoi(ast_.Text(atom), &magnitude) || magnitude > limit) {
        error_(atom, "an integer beyond 64 bits",
               "integers lie between -2^63 and 2^63 - 1; a number, but no size or index, may be a "
               "float: 1e30");
        return std::nullopt;
      }
      number.integer = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
      // Elements of f32 tensors may be written as integers.
      const std::optional<RealLiteral> real = Real(atom);
      number.real = negative ? Negated(*real) : *real;
      return number;
    }
    number.kind = NumberLiteral::kReal;
    const std::optional<RealLiteral> real = Real(atom);
    if (!real) return std::nullopt;
    number.real = negative ? Negated(*real) : *real;
    return number;
  }

 private:
  std::optional<RealLiteral> Real(AstId id) {
    switch (ast_.Kind(id)) {
      case AstKind::kInf: return RealLiteral{HUGE_VAL, HUGE_VALF};
      case AstKind::kNan: return RealLiteral{std::nan(""), std::nanf("")};
      case AstKind::kCall: {
        RealLiteral nan{std::nan(""), std::nanf("")};
        const absl::Span<const AstId> children = ast_.Children(id);
        if (children.size() != 2 || ast_.Kind(children[1]) != AstKind::kInteger ||
            !absl::SimpleAtoi(ast_.Text(children[1]), &nan.nan_payload) || nan.nan_payload == 0) {
          error_(id, "nan(BITS) takes the bits of the mantissa as an integer", "");
          return std::nullopt;
        }
        return nan;
      }
      default: break;
    }
    absl::string_view text = ast_.Text(id);
    if (text.back() == 'j') text.remove_suffix(1);
    RealLiteral r;
    fast_float::from_chars(text.data(), text.data() + text.size(), r.f64);
    fast_float::from_chars(text.data(), text.data() + text.size(), r.f32);
    if (std::isinf(r.f64)) {
      error_(id, "a number beyond the largest f64", "write inf if infinity is meant");
      return std::nullopt;
    }
    return r;
  }

  const Ast& ast_;
  LiteralError error_;
};

// A list of lists of ... numbers, checked to be rectangular.
class ListParser {
 public:
  ListParser(const Ast& ast, LiteralError error) : ast_(ast), error_(error), numbers_(ast, error) {}

  bool Parse(AstId id, size_t depth) {
    if (ast_.Kind(id) != AstKind::kList) {
      if (leaf_depth_.has_value() && *leaf_depth_ != depth) return Ragged(id);
      leaf_depth_ = depth;
      const AstKind kind = ast_.Kind(id);
      if (kind != AstKind::kTrue && kind != AstKind::kFalse && !IsNumberLiteral(ast_, id)) {
        error_(id, "an element of a constant must be a number", "");
        return false;
      }
      std::optional<NumberLiteral> number = numbers_.Parse(id);
      if (!number) return false;
      elements_.push_back(*number);
      nodes_.push_back(id);
      return true;
    }
    if (depth == kMaxRank) {
      error_(id, absl::StrCat("lists nested deeper than ", kMaxRank, " levels"), "");
      return false;
    }
    const absl::Span<const AstId> children = ast_.Children(id);
    const auto size = static_cast<int64_t>(children.size());
    if (depth == sizes_.size()) {
      if (leaf_depth_.has_value()) return Ragged(id);
      sizes_.push_back(size);
    } else if (sizes_[depth] != size) {
      return Ragged(id);
    }
    for (AstId child : children) {
      if (!Parse(child, depth + 1)) return false;
    }
    return true;
  }

  const std::vector<NumberLiteral>& elements() const { return elements_; }
  const std::vector<AstId>& nodes() const { return nodes_; }
  const std::vector<int64_t>& sizes() const { return sizes_; }

 private:
  bool Ragged(AstId id) {
    error_(id, "the lists of a constant must have one length at each level", "");
    return false;
  }

  const Ast& ast_;
  LiteralError error_;
  NumberParser numbers_;
  std::vector<NumberLiteral> elements_;
  std::vector<AstId> nodes_;
  std::vector<int64_t> sizes_;
  std::optional<size_t> leaf_depth_;
};

// False when the number has no exact place in T's category.
template <class T>
bool Convert(const NumberLiteral& n, T* out) {
  using Kind = NumberLiteral::Kind;
  if constexpr (std::is_same_v<T, bool>) {
    *out = n.integer != 0;
    return n.kind == Kind::kBool || (n.kind == Kind::kInteger && (n.integer | 1) == 1);
  } else if constexpr (std::is_integral_v<T>) {
    *out = static_cast<T>(n.integer);
    return n.kind <= Kind::kInteger && *out == n.integer;
  } else if constexpr (std::is_same_v<T, std::complex<float>> ||
                       std::is_same_v<T, std::complex<double>>) {
    using Real = typename T::value_type;
    *out = T(RealAs<Real>(n.real), RealAs<Real>(n.imaginary));
    return true;
  } else {
    *out = RealAs<T>(n.real);
    return n.kind != Kind::kComplex;
  }
}

// Why Convert refused the number, and what to write instead.
std::pair<absl::string_view, std::string> WhyNot(const NumberLiteral& n, DType dtype) {
  if (dtype == DType::kBool) return {"", "a bool is true, false, 1 or 0"};
  if (n.kind == NumberLiteral::kComplex) return {", it is complex", ""};
  if (n.kind == NumberLiteral::kInteger) return {", it is too large", ""};
  return {"", "integers are written without point and exponent"};
}

// "element [1, 0] is 2.5, which is no i32"; a number that stands alone has no index.
std::string NotOfDType(absl::string_view text, size_t element, absl::Span<const int64_t> sizes,
                       DType dtype, absl::string_view why) {
  constexpr size_t kMost = 40;  // A number may have a million digits.
  const std::string clipped =
      text.size() <= kMost ? std::string(text) : absl::StrCat(text.substr(0, kMost), "...");
  if (sizes.empty()) return absl::StrCat(clipped, " is no ", DTypeName(dtype), why);
  std::vector<int64_t> index(sizes.size());
  auto rest = static_cast<int64_t>(element);
  for (size_t d = sizes.size(); d-- > 0; rest /= sizes[d]) index[d] = rest % sizes[d];
  return absl::StrCat("element [", absl::StrJoin(index, ", "), "] is ", clipped, ", which is no ",
                      DTypeName(dtype), why);
}

}  // namespace

bool IsNumberLiteral(const Ast& ast, AstId id) {
  bool negative;
  const AstKind kind = ast.Kind(id);
  if (kind == AstKind::kAdd || kind == AstKind::kSub) {
    return IsRealAtom(ast, Unsigned(ast, ast.Children(id)[0], &negative)) &&
           IsImaginaryAtom(ast, ast.Children(id)[1]);
  }
  const AstId atom = Unsigned(ast, id, &negative);
  return IsRealAtom(ast, atom) || IsImaginaryAtom(ast, atom) || IsSignedImaginaryProduct(ast, id);
}

std::optional<NumberLiteral> ParseNumber(const Ast& ast, AstId id, LiteralError error) {
  return NumberParser(ast, error).Parse(id);
}

std::optional<Tensor> ParseTensor(const Ast& ast, AstId id, std::optional<DType> dtype,
                                  std::optional<absl::Span<const int64_t>> shape,
                                  LiteralError error) {
  ListParser list(ast, error);
  if (!list.Parse(id, 0)) return std::nullopt;
  absl::Span<const int64_t> sizes = list.sizes();
  if (shape.has_value()) {
    int64_t count = 1;
    bool fits = true;
    for (int64_t size : *shape) {
      if (size == 0) count = 0;
      fits = fits && size >= 0 && (count == 0 || !__builtin_mul_overflow(count, size, &count));
    }
    const bool empty = std::find(shape->begin(), shape->end(), 0) != shape->end();
    if (!fits || (empty ? !list.elements().empty() : *shape != sizes)) {
      error(id,
            absl::StrCat("these are not the elements of a constant of shape [",
                         absl::StrJoin(*shape, ", "), "]"),
            "");
      return std::nullopt;
    }
    sizes = *shape;
  }
  if (!dtype.has_value()) {
    dtype = DType::kBool;
    for (const NumberLiteral& n : list.elements()) {
      switch (n.kind) {
        case NumberLiteral::kBool: break;
        case NumberLiteral::kInteger: dtype = std::max(*dtype, DType::kI64); break;
        case NumberLiteral::kReal: dtype = std::max(*dtype, DType::kF32); break;
        case NumberLiteral::kComplex: dtype = DType::kC64; break;
      }
    }
    if (list.elements().empty()) dtype = DType::kF32;
  }
  absl::StatusOr<Tensor> tensor = Tensor::Allocate(*dtype, sizes);
  if (!tensor.ok()) {
    error(id, std::string(tensor.status().message()), "");
    return std::nullopt;
  }
  const bool converted = DispatchDType(*dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    T* out = tensor->mutable_data<T>();
    for (size_t i = 0; i < list.elements().size(); ++i) {
      if (!Convert(list.elements()[i], &out[i])) {
        const auto [why, help] = WhyNot(list.elements()[i], *dtype);
        error(list.nodes()[i], NotOfDType(ast.Text(list.nodes()[i]), i, list.sizes(), *dtype, why),
              help);
        return false;
      }
    }
    return true;
  });
  if (!converted) return std::nullopt;
  return *std::move(tensor);
}

Tensor WeakTensor(const NumberLiteral& n) {
  switch (n.kind) {
    case NumberLiteral::kBool: return Tensor::Scalar(n.integer != 0);
    case NumberLiteral::kInteger: return Tensor::Scalar(n.integer);
    case NumberLiteral::kReal: return Tensor::Scalar(RealAs<double>(n.real));
    case NumberLiteral::kComplex:
      return Tensor::Scalar(
          std::complex<double>(RealAs<double>(n.real), RealAs<double>(n.imaginary)));
  }
  __builtin_unreachable();
}

std::string RealToText(double value) { return FloatToText(value); }

std::string ConstantToText(const Tensor& value, bool weak) {
  const DType dtype = value.dtype();
  const Tensor dense = value.Contiguous();
  std::string text;
  DispatchDType(dtype, [&]<class Tag>(Tag) {
    using T = typename Tag::type;
    const T* data = dense.data<T>();
    const int rank = value.rank();
    if (rank == 0) {
      text = ElementToText(data[0]);
      return;
    }
    const int64_t count = value.NumElements();
    if (count == 0) {
      text = "[]";
      return;
    }
    // Brackets open before the element at which a dimension's index is 0 again.
    const Sizes strides = ContiguousStrides(value.sizes());
    for (int64_t i = 0; i < count; ++i) {
      if (i > 0) text += ", ";
      for (int d = 0; d < rank; ++d) {
        if (i % (strides[d] * value.sizes()[d]) == 0) text += '[';
      }
      absl::StrAppend(&text, ElementToText(data[i]));
      for (int d = 0; d < rank; ++d) {
        if ((i + 1) % (strides[d] * value.sizes()[d]) == 0) text += ']';
      }
    }
  });
  const bool number = dtype == DType::kBool || dtype == WideDType(dtype);
  if (weak && value.rank() == 0 && number) return text;
  std::string call = absl::StrCat("tensor(", text, ", dtype=", DTypeName(dtype));
  if (value.NumElements() == 0) {
    absl::StrAppend(&call, ", shape=[", absl::StrJoin(value.sizes(), ", "), "]");
  }
  return absl::StrCat(call, weak ? ", weak=true)" : ")");
}

}  // namespace otium

// SPDX-License-Identifier: Apache-2.0
#include "engine/io/print.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <type_traits>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"
#include "engine/io/decimal.h"

// Three steps: the elements that show, in order; a word for each of them; the
// words laid out in brackets and lines. The rules are those of NumPy's
// core/arrayprint.py, whose names are kept where there is a counterpart.

namespace otium {
namespace {

constexpr int64_t kEdgeItems = 3;

template <class T>
constexpr bool kIsComplex =
    std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>;

bool IsSummarized(int64_t size, bool summarize) { return summarize && size > 2 * kEdgeItems; }

// The elements that show, row-major; as double when they are real floats.
template <class T, class Out>
void CollectVisible(const T* data, absl::Span<const int64_t> sizes,
                    absl::Span<const int64_t> strides, bool summarize, std::vector<Out>* values) {
  if (sizes.empty()) {
    values->push_back(static_cast<Out>(*data));
    return;
  }
  const int64_t size = sizes[0];
  for (int64_t i = 0; i < size; ++i) {
    if (IsSummarized(size, summarize) && i == kEdgeItems) i = size - kEdgeItems;
    CollectVisible(data + i * strides[0], sizes.subspan(1), strides.subspan(1), summarize, values);
  }
}

// How the real numbers of one array are written: NumPy's FloatingFormat.
class FloatFormat {
 public:
  enum class Sign { kNegative, kAlways };

  FloatFormat(const std::vector<double>& values, DType dtype, int precision, Sign sign)
      : dtype_(dtype), precision_(precision), sign_(sign) {
    bool has_nonfinite = false, has_negative_infinity = false, has_finite = false;
    for (double v : values) {
      has_finite = has_finite || std::isfinite(v);
      has_nonfinite = has_nonfinite || !std::isfinite(v);
      has_negative_infinity = has_negative_infinity || (std::isinf(v) && v < 0);
    }
    if (has_finite) {
      scientific_ = NeedsScientific(values);
      Measure(values);
    }
    if (has_nonfinite) {
      const int infinity = sign == Sign::kAlways || has_negative_infinity ? 4 : 3;
      before_ = std::max({before_, 3 - (after_ + 1), infinity - (after_ + 1)});
    }
  }

  std::string operator()(double v) const {
    std::string text = Number(v);
    const size_t point = std::isfinite(v) ? text.find('.') : std::string::npos;
    if (point == std::string::npos) return Padded(before_ + after_ + 1 - Length(text)) + text;
    text.insert(0, Padded(before_ - static_cast<int>(point)));
    if (!scientific_) text += Padded(after_ + before_ + 1 - Length(text));
    return text;
  }

 private:
  static int Length(const std::string& text) { return static_cast<int>(text.size()); }
  static std::string Padded(int spaces) { return std::string(std::max(spaces, 0), ' '); }

  bool NeedsScientific(const std::vector<double>& values) const {
    double largest = 0, smallest = 0;
    for (double v : values) {
      const double magnitude = std::abs(v);
      if (!std::isfinite(v) || v == 0) continue;
      largest = std::max(largest, magnitude);
      smallest = smallest == 0 ? magnitude : std::min(smallest, magnitude);
    }
    return smallest != 0 && (largest >= 1e8 || smallest < 1e-4 || Ratio(largest, smallest) > 1000.);
  }
  // As NumPy has it, in the arithmetic of the array's own dtype.
  double Ratio(double a, double b) const {
    if (dtype_ == DType::kF64) return a / b;
    const float ratio = static_cast<float>(a) / static_cast<float>(b);
    return dtype_ == DType::kF16 ? static_cast<float>(Float16(ratio)) : ratio;
  }

  // Finds the widest parts before and behind the point.
  void Measure(const std::vector<double>& values) {
    int fraction = 0, exponent = 0;
    for (double v : values) {
      if (!std::isfinite(v)) continue;
      const std::string text = Number(v);
      const size_t point = text.find('.'), e = std::min(text.find('e'), text.size());
      before_ = std::max(before_, static_cast<int>(point));
      fraction = std::max(fraction, static_cast<int>(e - point) - 1);
      exponent = std::max(exponent, Length(text) - static_cast<int>(e) - 2);
    }
    after_ = fraction;
    if (scientific_) {
      precision_ = min_digits_ = fraction;
      exponent_digits_ = exponent;
      after_ += 2 + exponent;
    }
  }

  std::string Number(double v) const {
    const absl::string_view sign = std::signbit(v) && !std::isnan(v) ? "-"
                                   : sign_ == Sign::kAlways          ? "+"
                                                                     : "";
    if (std::isnan(v)) return absl::StrCat(sign, "nan");
    if (std::isinf(v)) return absl::StrCat(sign, "inf");
    return absl::StrCat(sign, scientific_ ? FormatScientific(std::abs(v), dtype_, precision_,
                                                             min_digits_, exponent_digits_)
                                          : FormatPositional(std::abs(v), dtype_, precision_));
  }

  DType dtype_;
  int precision_;
  Sign sign_;
  bool scientific_ = false;
  int min_digits_ = 0;
  int exponent_digits_ = 2;
  int before_ = 0;  // Characters before the point, sign included.
  int after_ = 0;   // Behind it, exponent included.
};

// A number on its own (rank 0): all its digits, scientific outside
// [1e-4, 1e16), no padding. `whole` is what follows a whole number: "12.0" of a
// real, "12" in a complex one.
std::string FormatAlone(double v, DType dtype, FloatFormat::Sign sign, absl::string_view whole) {
  std::string text = std::signbit(v) && !std::isnan(v)    ? "-"
                     : sign == FloatFormat::Sign::kAlways ? "+"
                                                          : "";
  if (std::isnan(v)) return text + "nan";
  if (std::isinf(v)) return text + "inf";
  const double magnitude = std::abs(v);
  if (magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e16)) {
    text += FormatPositional(magnitude, dtype, /*precision=*/-1);
    if (text.back() == '.') {
      text.pop_back();
      absl::StrAppend(&text, whole);
    }
    return text;
  }
  const std::string number = FormatScientific(magnitude, dtype, /*precision=*/-1,
                                              /*min_digits=*/0, /*exponent_digits=*/2);
  const size_t point = number.find('.');
  const bool bare = number[point + 1] == 'e';
  return absl::StrCat(text, number.substr(0, point), number.substr(bare ? point + 1 : point));
}

std::vector<std::string> FloatWords(const std::vector<double>& values, DType dtype, bool alone,
                                    const TensorPrintOptions& options) {
  using enum FloatFormat::Sign;
  if (alone) return {FormatAlone(values[0], dtype, kNegative, ".0")};
  const FloatFormat format(values, dtype, options.precision, kNegative);
  std::vector<std::string> words;
  words.reserve(values.size());
  for (double v : values) words.push_back(format(v));
  return words;
}

std::vector<std::string> ComplexWords(const std::vector<std::complex<double>>& values, DType dtype,
                                      bool alone, const TensorPrintOptions& options) {
  using enum FloatFormat::Sign;
  if (alone) {
    const double real = values[0].real(), imag = values[0].imag();
    if (real == 0 && !std::signbit(real)) {
      return {absl::StrCat(FormatAlone(imag, dtype, kNegative, ""), "j")};
    }
    return {absl::StrCat("(", FormatAlone(real, dtype, kNegative, ""),
                         FormatAlone(imag, dtype, kAlways, ""), "j)")};
  }
  std::vector<double> real, imag;
  for (const auto& v : values) {
    real.push_back(v.real());
    imag.push_back(v.imag());
  }
  const FloatFormat real_format(real, dtype, options.precision, kNegative);
  const FloatFormat imag_format(imag, dtype, options.precision, kAlways);
  std::vector<std::string> words;
  words.reserve(values.size());
  for (const auto& v : values) {
    std::string text = imag_format(v.imag());
    // The j stands at the number, before what aligns it.
    text.insert(text.find_last_not_of(' ') + 1, "j");
    words.push_back(real_format(v.real()) + text);
  }
  return words;
}

std::vector<std::string> IntegerWords(const std::vector<int64_t>& values) {
  std::vector<std::string> words;
  words.reserve(values.size());
  size_t width = 0;
  for (int64_t v : values) {
    words.push_back(absl::StrCat(v));
    width = std::max(width, words.back().size());
  }
  for (std::string& word : words) word.insert(0, width - word.size(), ' ');
  return words;
}

std::vector<std::string> BoolWords(const std::vector<bool>& values, bool alone) {
  std::vector<std::string> words;
  words.reserve(values.size());
  for (bool v : values) words.push_back(v ? (alone ? "True" : " True") : "False");
  return words;
}

std::vector<std::string> WordsOf(const Tensor& tensor, bool summarize,
                                 const TensorPrintOptions& options) {
  const bool alone = tensor.rank() == 0;
  return DispatchDType(tensor.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto collect = [&](auto* values) {
      CollectVisible(tensor.data<T>(), tensor.sizes(), tensor.strides(), summarize, values);
    };
    if constexpr (std::is_same_v<T, bool>) {
      std::vector<bool> values;
      collect(&values);
      return BoolWords(values, alone);
    } else if constexpr (std::is_integral_v<T>) {
      std::vector<int64_t> values;
      collect(&values);
      return IntegerWords(values);
    } else if constexpr (kIsComplex<T>) {
      std::vector<std::complex<double>> values;
      collect(&values);
      return ComplexWords(values, RealDType(tensor.dtype()), alone, options);
    } else if constexpr (std::is_same_v<T, double>) {
      std::vector<double> values;
      collect(&values);
      return FloatWords(values, tensor.dtype(), alone, options);
    } else {
      std::vector<float> values;
      collect(&values);
      return FloatWords({values.begin(), values.end()}, tensor.dtype(), alone, options);
    }
  });
}

// Brackets and lines: NumPy's _formatArray.
class BracketLayout {
 public:
  BracketLayout(const std::vector<std::string>& words, bool summarize, std::string* text)
      : word_(words.begin()), summarize_(summarize), text_(text) {}

  // Appends the array of these sizes, whose first line is indented already by
  // `indent` characters and whose last may be `width` long.
  void Append(absl::Span<const int64_t> sizes, int indent, int width) {
    text_->push_back('[');
    if (sizes.size() == 1) {
      AppendRow(sizes[0], indent + 1, width - 1);
    } else {
      const std::string between =
          std::string(sizes.size() - 1, '\n') + std::string(indent + 1, ' ');
      for (int64_t i = 0; i < sizes[0]; ++i) {
        if (i > 0) *text_ += between;
        if (IsSummarized(sizes[0], summarize_) && i == kEdgeItems) {
          absl::StrAppend(text_, "...", between);
          i = sizes[0] - kEdgeItems;
        }
        Append(sizes.subspan(1), indent + 1, width - 1);
      }
    }
    text_->push_back(']');
  }

 private:
  void AppendRow(int64_t size, int indent, int width) {
    int length = indent;
    const auto put = [&](absl::string_view word) {
      // Wrapping does not help a word that stands alone on its line.
      if (length + static_cast<int>(word.size()) > width && length > indent) {
        while (text_->back() == ' ') text_->pop_back();
        text_->push_back('\n');
        text_->append(indent, ' ');
        length = indent;
      }
      absl::StrAppend(text_, word);
      length += static_cast<int>(word.size());
    };
    for (int64_t i = 0; i < size; ++i) {
      if (i > 0) Separate(&length);
      if (IsSummarized(size, summarize_) && i == kEdgeItems) {
        put("...");
        Separate(&length);
        i = size - kEdgeItems;
      }
      put(*word_++);
    }
  }
  void Separate(int* length) {
    text_->push_back(' ');
    ++*length;
  }

  std::vector<std::string>::const_iterator word_;
  bool summarize_;
  std::string* text_;
};

}  // namespace

absl::StatusOr<std::string> FormatTensor(const Tensor& tensor, const TensorPrintOptions& options) {
  if (tensor.device() != Device{}) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the tensor is on ", DeviceToString(tensor.device()), "; copy it to the cpu first"));
  }
  if (tensor.NumElements() == 0) return "[]";
  const bool summarize = tensor.NumElements() > options.max_elements;
  const std::vector<std::string> words = WordsOf(tensor, summarize, options);
  if (tensor.rank() == 0) return words[0];
  std::string text;
  BracketLayout(words, summarize, &text).Append(tensor.sizes(), 0, options.line_width);
  return text;
}

}  // namespace otium

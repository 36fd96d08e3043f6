// SPDX-License-Identifier: Apache-2.0
#include "engine/io/mtx.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <complex>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/io/file.h"
#include "fast_float/fast_float.h"

namespace otium {
namespace {

enum class Field { kReal, kInteger, kComplex, kPattern };
enum class Symmetry { kGeneral, kSymmetric, kSkew, kHermitian };

struct Header {
  bool coordinate = false;
  Field field = Field::kReal;
  Symmetry symmetry = Symmetry::kGeneral;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t entries = 0;  // Lines that follow.
};

DType DTypeOfField(Field field) {
  switch (field) {
    case Field::kReal:
    case Field::kPattern: return DType::kF64;
    case Field::kInteger: return DType::kI64;
    case Field::kComplex: return DType::kC128;
  }
  __builtin_unreachable();
}

// Lines that are neither blank nor comments, and the words of each.
class Lines {
 public:
  explicit Lines(absl::string_view text) : text_(text) {}

  absl::Status Error(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat("line ", number_, ": ", what));
  }
  // False at the end of the file.
  bool Next() {
    while (NextRaw()) {
      SkipBlanks();
      if (!line_.empty() && line_[0] != '%') return true;
    }
    ++number_;  // So that an error points behind the last line.
    return false;
  }
  // Also comments and blank lines.
  bool NextRaw() {
    if (text_.empty()) return false;
    const size_t end = std::min(text_.find('\n'), text_.size());
    line_ = text_.substr(0, end);
    text_.remove_prefix(std::min(end + 1, text_.size()));
    ++number_;
    return true;
  }
  // The next word of the line; empty when there is none.
  absl::string_view Word() {
    SkipBlanks();
    size_t n = 0;
    while (n < line_.size() && !absl::ascii_isspace(line_[n])) ++n;
    const absl::string_view word = line_.substr(0, n);
    line_.remove_prefix(n);
    return word;
  }
  absl::Status EndOfLine() {
    const absl::string_view word = Word();
    if (word.empty()) return absl::OkStatus();
    return Error(absl::StrCat("'", Shown(word), "' is more than belongs on this line"));
  }

  absl::StatusOr<int64_t> Integer(absl::string_view what) {
    const absl::string_view word = Word();
    const absl::string_view digits = absl::StartsWith(word, "+") ? word.substr(1) : word;
    int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc::result_out_of_range) {
      return Error(absl::StrCat(what, " '", Shown(word), "' overflows 64 bits"));
    }
    if (error != std::errc() || end != digits.data() + digits.size()) {
      return Error(absl::StrCat(what, " is expected, not '", Shown(word), "'"));
    }
    return value;
  }
  absl::StatusOr<int64_t> Size(absl::string_view what) {
    OTIUM_ASSIGN_OR_RETURN(const int64_t size, Integer(what));
    if (size < 0) return Error(absl::StrCat(what, " is negative"));
    return size;
  }
  // A place from 1 to `size`; returned from 0.
  absl::StatusOr<int64_t> Index(absl::string_view what, int64_t size) {
    OTIUM_ASSIGN_OR_RETURN(const int64_t index, Integer(what));
    if (index < 1 || index > size) {
      return Error(absl::StrCat(what, " ", index, " is not between 1 and ", size));
    }
    return index - 1;
  }
  absl::StatusOr<double> Real() {
    const absl::string_view word = Word();
    const absl::string_view number = absl::StartsWith(word, "+") ? word.substr(1) : word;
    double value = 0;
    const auto [end, error] =
        fast_float::from_chars(number.data(), number.data() + number.size(), value);
    if (error == std::errc::invalid_argument || end != number.data() + number.size()) {
      return Error(absl::StrCat("a number is expected, not '", Shown(word), "'"));
    }
    if (std::isinf(value) && number.find_first_of("0123456789") != absl::string_view::npos) {
      return Error(absl::StrCat("'", Shown(word), "' is beyond the range of f64"));
    }
    return value;
  }

 private:
  static std::string Shown(absl::string_view word) {
    return absl::Utf8SafeCHexEscape(word.substr(0, 40));
  }
  void SkipBlanks() {
    while (!line_.empty() && absl::ascii_isspace(line_[0])) line_.remove_prefix(1);
  }

  absl::string_view text_;
  absl::string_view line_;
  int64_t number_ = 0;
};

template <class T, size_t n>
absl::StatusOr<T> Choose(Lines* lines, absl::string_view what,
                         const std::pair<absl::string_view, T> (&choices)[n]) {
  const absl::string_view word = lines->Word();
  std::string known;
  for (const auto& [name, value] : choices) {
    if (absl::EqualsIgnoreCase(word, name)) return value;
    absl::StrAppend(&known, known.empty() ? "" : ", ", name);
  }
  return lines->Error(absl::StrCat("the ", what, " '", absl::Utf8SafeCHexEscape(word.substr(0, 40)),
                                   "' is none of ", known));
}

// "%%MatrixMarket matrix coordinate real general", then the sizes.
absl::StatusOr<Header> ParseHeader(absl::string_view text, Lines* lines) {
  if (!lines->NextRaw() || !absl::EqualsIgnoreCase(lines->Word(), "%%MatrixMarket")) {
    return absl::InvalidArgumentError(
        "not a Matrix Market file: it does not begin with %%MatrixMarket");
  }
  Header header;
  constexpr std::pair<absl::string_view, bool> kObjects[] = {{"matrix", true}};
  constexpr std::pair<absl::string_view, bool> kFormats[] = {{"coordinate", true},
                                                             {"array", false}};
  constexpr std::pair<absl::string_view, Field> kFields[] = {{"real", Field::kReal},
                                                             {"integer", Field::kInteger},
                                                             {"complex", Field::kComplex},
                                                             {"pattern", Field::kPattern}};
  constexpr std::pair<absl::string_view, Symmetry> kSymmetries[] = {
      {"general", Symmetry::kGeneral},
      {"symmetric", Symmetry::kSymmetric},
      {"skew-symmetric", Symmetry::kSkew},
      {"hermitian", Symmetry::kHermitian}};
  OTIUM_RETURN_IF_ERROR(Choose(lines, "object", kObjects).status());
  OTIUM_ASSIGN_OR_RETURN(header.coordinate, Choose(lines, "format", kFormats));
  OTIUM_ASSIGN_OR_RETURN(header.field, Choose(lines, "field", kFields));
  OTIUM_ASSIGN_OR_RETURN(header.symmetry, Choose(lines, "symmetry", kSymmetries));
  OTIUM_RETURN_IF_ERROR(lines->EndOfLine());
  if (header.field == Field::kPattern && !header.coordinate) {
    return lines->Error("an array cannot be a pattern");
  }
  if (header.field == Field::kPattern && header.symmetry == Symmetry::kSkew) {
    return lines->Error("a pattern cannot be skew-symmetric");
  }
  if (header.field != Field::kComplex && header.symmetry == Symmetry::kHermitian) {
    return lines->Error("only a complex matrix is called hermitian");
  }
  if (!lines->Next()) return lines->Error("the line of sizes is missing");
  OTIUM_ASSIGN_OR_RETURN(header.rows, lines->Size("the number of rows"));
  OTIUM_ASSIGN_OR_RETURN(header.columns, lines->Size("the number of columns"));
  if (header.coordinate) {
    OTIUM_ASSIGN_OR_RETURN(header.entries, lines->Size("the number of entries"));
  }
  OTIUM_RETURN_IF_ERROR(lines->EndOfLine());
  const bool general = header.symmetry == Symmetry::kGeneral;
  if (!general && header.rows != header.columns) {
    return lines->Error(absl::StrCat("a matrix of ", header.rows, " rows and ", header.columns,
                                     " columns has no symmetry"));
  }
  // An entry takes 2 characters of text at least, a place and its value 4: a
  // larger claim is a lie, and is found before memory is asked for.
  const auto length = static_cast<int64_t>(text.size());
  if (header.coordinate) {
    if (header.entries > length / 4 + 1) {
      return lines->Error(absl::StrCat("the file is too short for ", header.entries, " entries"));
    }
    return header;
  }
  int64_t elements = 0;
  if (__builtin_mul_overflow(header.rows, header.columns, &elements) ||
      elements / (general ? 1 : 3) > length / 2 + 1) {
    return lines->Error(absl::StrCat("the file is too short for ", header.rows, " x ",
                                     header.columns, " elements"));
  }
  header.entries =
      general ? elements
              : (elements + (header.symmetry == Symmetry::kSkew ? -1 : 1) * header.rows) / 2;
  return header;
}

absl::StatusOr<double> Value(Lines* lines, Field field, double) {
  if (field == Field::kPattern) return 1.0;
  return lines->Real();
}
absl::StatusOr<int64_t> Value(Lines* lines, Field, int64_t) { return lines->Integer("an integer"); }
absl::StatusOr<std::complex<double>> Value(Lines* lines, Field, std::complex<double>) {
  OTIUM_ASSIGN_OR_RETURN(const double real, lines->Real());
  OTIUM_ASSIGN_OR_RETURN(const double imag, lines->Real());
  return std::complex<double>(real, imag);
}

double Conjugate(double v) { return v; }
int64_t Conjugate(int64_t v) { return v; }
std::complex<double> Conjugate(std::complex<double> v) { return std::conj(v); }
double Negate(double v) { return -v; }
// In two's complement, where the smallest is its own negative.
int64_t Negate(int64_t v) { return static_cast<int64_t>(0 - static_cast<uint64_t>(v)); }
std::complex<double> Negate(std::complex<double> v) { return -v; }
bool IsReal(double) { return true; }
bool IsReal(int64_t) { return true; }
bool IsReal(std::complex<double> v) { return v.imag() == 0; }

// Calls put(row, column, value) for every element that the file gives, and for
// its mirror image where the matrix has a symmetry.
template <class T, class Put>
absl::Status ReadEntries(const Header& header, Lines* lines, Put put) {
  const auto mirror = [&header](T value) {
    switch (header.symmetry) {
      case Symmetry::kGeneral:
      case Symmetry::kSymmetric: return value;
      case Symmetry::kSkew: return Negate(value);
      case Symmetry::kHermitian: return Conjugate(value);
    }
    __builtin_unreachable();
  };
  int64_t row = header.symmetry == Symmetry::kSkew ? 1 : 0, column = 0;
  for (int64_t i = 0; i < header.entries; ++i) {
    if (!lines->Next()) {
      return lines->Error(
          absl::StrCat("the file ends after ", i, " of ", header.entries, " entries"));
    }
    if (header.coordinate) {
      OTIUM_ASSIGN_OR_RETURN(row, lines->Index("row", header.rows));
      OTIUM_ASSIGN_OR_RETURN(column, lines->Index("column", header.columns));
    }
    OTIUM_ASSIGN_OR_RETURN(const T value, Value(lines, header.field, T()));
    OTIUM_RETURN_IF_ERROR(lines->EndOfLine());
    if (header.symmetry != Symmetry::kGeneral) {
      if (row < column) return lines->Error("an entry above the diagonal, which mirrors the lower");
      if (row == column && header.symmetry == Symmetry::kSkew) {
        return lines->Error("an entry on the diagonal, which is zero in a skew-symmetric matrix");
      }
      if (row == column && header.symmetry == Symmetry::kHermitian && !IsReal(value)) {
        return lines->Error("an entry on the diagonal of a hermitian matrix is not real");
      }
    }
    put(row, column, value);
    if (header.symmetry != Symmetry::kGeneral && row != column) put(column, row, mirror(value));
    if (!header.coordinate && ++row == header.rows) {
      ++column;
      row = header.symmetry == Symmetry::kGeneral ? 0
            : header.symmetry == Symmetry::kSkew  ? column + 1
                                                  : column;
    }
  }
  if (lines->Next()) return lines->Error("an entry more than the file says it has");
  return absl::OkStatus();
}

// f(T()) with the C++ type of the field's elements.
template <class F>
auto DispatchField(Field field, F&& f) {
  switch (DTypeOfField(field)) {
    case DType::kI64: return f(int64_t{});
    case DType::kC128: return f(std::complex<double>{});
    default: return f(double{});
  }
}

// Sums wrap around instead of overflowing.
void AddTo(double* sum, double v) { *sum += v; }
void AddTo(std::complex<double>* sum, std::complex<double> v) { *sum += v; }
void AddTo(int64_t* sum, int64_t v) {
  *sum = static_cast<int64_t>(static_cast<uint64_t>(*sum) + static_cast<uint64_t>(v));
}

template <class Parse>
auto ReadAnd(absl::string_view path, Parse parse) -> decltype(parse(absl::string_view())) {
  OTIUM_ASSIGN_OR_RETURN(const IntrusivePtr<Buffer> bytes, ReadFileBytes(path, FileAccess::kMap));
  auto result = parse(absl::string_view(static_cast<const char*>(bytes->data()), bytes->bytes()));
  if (!result.ok()) return WithFileName(result.status(), path);
  return result;
}

}  // namespace

absl::StatusOr<Tensor> ParseMtx(absl::string_view text) {
  Lines lines(text);
  OTIUM_ASSIGN_OR_RETURN(const Header header, ParseHeader(text, &lines));
  const DType dtype = DTypeOfField(header.field);
  const Sizes sizes = {header.rows, header.columns};
  const absl::StatusOr<int64_t> bytes = CheckedNumBytes(dtype, sizes);
  if (!bytes.ok() || *bytes > kMaxDenseMtxBytes) {
    return absl::ResourceExhaustedError(absl::StrCat("a dense matrix of ", header.rows, " x ",
                                                     header.columns, " would take more than ",
                                                     kMaxDenseMtxBytes, " bytes"));
  }
  OTIUM_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate(dtype, sizes));
  std::memset(tensor.mutable_data(), 0, *bytes);
  OTIUM_RETURN_IF_ERROR(DispatchField(header.field, [&](auto zero) -> absl::Status {
    using T = decltype(zero);
    T* data = tensor.mutable_data<T>();
    return ReadEntries<T>(header, &lines, [&](int64_t row, int64_t column, T value) {
      AddTo(&data[row * header.columns + column], value);
    });
  }));
  return tensor;
}

absl::StatusOr<CooMatrix> ParseMtxEntries(absl::string_view text) {
  Lines lines(text);
  OTIUM_ASSIGN_OR_RETURN(const Header header, ParseHeader(text, &lines));
  if (!header.coordinate) return lines.Error("the matrix is dense (array), not sparse");
  return DispatchField(header.field, [&](auto zero) -> absl::StatusOr<CooMatrix> {
    using T = decltype(zero);
    std::vector<int64_t> rows, columns;
    std::vector<T> values;
    OTIUM_RETURN_IF_ERROR(ReadEntries<T>(header, &lines, [&](int64_t row, int64_t column, T value) {
      rows.push_back(row);
      columns.push_back(column);
      values.push_back(value);
    }));
    const auto entries = static_cast<int64_t>(values.size());
    CooMatrix matrix{header.rows, header.columns, Tensor(), Tensor()};
    OTIUM_ASSIGN_OR_RETURN(matrix.indices, Tensor::Allocate(DType::kI64, {2, entries}));
    OTIUM_ASSIGN_OR_RETURN(matrix.values, Tensor::Allocate(DTypeOfField(header.field), {entries}));
    auto* indices = matrix.indices.template mutable_data<int64_t>();
    std::copy(rows.begin(), rows.end(), indices);
    std::copy(columns.begin(), columns.end(), indices + entries);
    std::copy(values.begin(), values.end(), matrix.values.template mutable_data<T>());
    return matrix;
  });
}

absl::StatusOr<Tensor> ReadMtx(absl::string_view path) { return ReadAnd(path, ParseMtx); }

}  // namespace otium

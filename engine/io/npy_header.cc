// SPDX-License-Identifier: Apache-2.0
#include "engine/io/npy_header.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/tensor.h"
#include "engine/base/tensor_type.h"

namespace otium {
namespace {

constexpr absl::string_view kMagic = "\x93NUMPY";

// bf16 is unknown to NumPy; this is what the ml_dtypes package writes for it, a
// void of two bytes, which np.load(...).view(ml_dtypes.bfloat16) gives back.
struct Descr {
  absl::string_view text;
  DType dtype;
};
constexpr Descr kDescrs[] = {
    {"|b1", DType::kBool},  {"<i4", DType::kI32},  {"<i8", DType::kI64}, {"<f2", DType::kF16},
    {"<V2", DType::kBF16},  {"<f4", DType::kF32},  {"<f8", DType::kF64}, {"<c8", DType::kC64},
    {"<c16", DType::kC128}, {"|V2", DType::kBF16},
};

struct Foreign {
  absl::string_view descr;  // Without the byte order.
  absl::string_view name;   // NumPy's.
  absl::string_view instead;
};
constexpr Foreign kForeign[] = {
    {"i1", "int8", "'<i4'"},          {"u1", "uint8", "'<i4'"},
    {"i2", "int16", "'<i4'"},         {"u2", "uint16", "'<i4'"},
    {"u4", "uint32", "'<i8'"},        {"u8", "uint64", "'<i8'"},
    {"f16", "longdouble", "'<f8'"},   {"f12", "longdouble", "'<f8'"},
    {"c32", "clongdouble", "'<c16'"}, {"c24", "clongdouble", "'<c16'"},
};

absl::StatusOr<DType> DTypeFromDescr(absl::string_view descr) {
  for (const Descr& d : kDescrs) {
    if (d.text == descr) return d.dtype;
  }
  const absl::string_view type = descr.empty() ? descr : descr.substr(1);
  if (absl::StartsWith(descr, ">")) {
    for (const Descr& d : kDescrs) {
      if (d.text.substr(1) == type) {
        return absl::InvalidArgumentError(absl::StrCat("the numbers are big-endian ('", descr,
                                                       "'), and Otium reads little-endian ones; in "
                                                       "NumPy, save a.astype('",
                                                       d.text, "') instead"));
      }
    }
  }
  for (const Foreign& f : kForeign) {
    if (f.descr == type) {
      return absl::InvalidArgumentError(absl::StrCat("the dtype is ", f.name, " ('", descr,
                                                     "'), which Otium has not; in NumPy, save "
                                                     "a.astype(",
                                                     f.instead, ") instead"));
    }
  }
  const absl::string_view kind = type.substr(0, 1);
  absl::string_view what;
  if (kind == "M") what = "dates (datetime64)";
  if (kind == "m") what = "time spans (timedelta64)";
  if (kind == "U" || kind == "S" || kind == "a") what = "text";
  if (kind == "O") what = "pickled Python objects";
  if (kind == "V") what = "raw records (void)";
  if (what.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("'", descr, "' is not a dtype Otium knows"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the array holds ", what, " ('", descr, "'), not numbers"));
}

// The dictionary. One pass, no recursion, no copy of the text.
class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  absl::Status Parse(NpyHeader* header) {
    bool has_descr = false, has_order = false, has_shape = false;
    OTIUM_RETURN_IF_ERROR(Expect('{'));
    while (!Consume('}')) {
      OTIUM_ASSIGN_OR_RETURN(const absl::string_view key, String());
      bool* seen = key == "descr"           ? &has_descr
                   : key == "fortran_order" ? &has_order
                   : key == "shape"         ? &has_shape
                                            : nullptr;
      if (seen == nullptr) return Error("a key that .npy files do not have");
      if (*seen) return Error(absl::StrCat("'", key, "' stands twice"));
      *seen = true;
      OTIUM_RETURN_IF_ERROR(Expect(':'));
      if (seen == &has_descr) {
        OTIUM_ASSIGN_OR_RETURN(header->dtype, DType_());
      } else if (seen == &has_order) {
        OTIUM_ASSIGN_OR_RETURN(header->fortran_order, Bool());
      } else {
        OTIUM_RETURN_IF_ERROR(Tuple(&header->sizes));
      }
      if (Consume(',')) continue;
      if (!Peek('}')) return Error("',' or '}' is expected");
    }
    if (!has_descr) return Error("'descr' is missing");
    if (!has_order) return Error("'fortran_order' is missing");
    if (!has_shape) return Error("'shape' is missing");
    SkipSpace();
    if (at_ != text_.size()) return Error("text after the dictionary");
    return absl::OkStatus();
  }

 private:
  absl::Status Error(absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("the header of the .npy file is broken at byte ", at_, ": ", what));
  }
  void SkipSpace() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  bool Peek(char c) {
    SkipSpace();
    return at_ < text_.size() && text_[at_] == c;
  }
  bool Consume(char c) {
    const bool found = Peek(c);
    at_ += found ? 1 : 0;
    return found;
  }
  absl::Status Expect(char c) {
    if (Consume(c)) return absl::OkStatus();
    return Error(absl::StrCat("'", absl::string_view(&c, 1), "' is expected"));
  }
  absl::StatusOr<absl::string_view> String() {
    SkipSpace();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') return Error("a quoted word is expected");
    const size_t begin = ++at_;
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      const char c = text_[at_];
      if (c == '\\' || c < ' ' || c > '~') return Error("a character that no dtype has");
    }
    if (at_ == text_.size()) return Error("the quote does not end");
    return text_.substr(begin, at_++ - begin);
  }
  absl::StatusOr<DType> DType_() {
    if (Peek('[')) {
      return absl::InvalidArgumentError(
          "the array has a structured dtype (records with fields); in NumPy, save each field, "
          "a['field'], on its own");
    }
    OTIUM_ASSIGN_OR_RETURN(const absl::string_view descr, String());
    return DTypeFromDescr(descr);
  }
  absl::StatusOr<bool> Bool() {
    SkipSpace();
    for (const bool value : {false, true}) {
      const absl::string_view word = value ? "True" : "False";
      if (absl::StartsWith(text_.substr(at_), word)) {
        at_ += word.size();
        return value;
      }
    }
    return Error("True or False is expected");
  }
  absl::StatusOr<int64_t> Size() {
    SkipSpace();
    if (at_ < text_.size() && text_[at_] == '-') return Error("a size is negative");
    const size_t begin = at_;
    int64_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (__builtin_mul_overflow(value, int64_t{10}, &value) ||
          __builtin_add_overflow(value, int64_t{text_[at_] - '0'}, &value)) {
        return Error("a size overflows 64 bits");
      }
    }
    if (at_ == begin) return Error("a size is expected");
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // As Python 2 wrote long integers.
    return value;
  }
  // "()", "(3,)", "(3, 4)"; "(3)" is not a tuple.
  absl::Status Tuple(Sizes* sizes) {
    OTIUM_RETURN_IF_ERROR(Expect('('));
    bool comma = false;
    while (!Consume(')')) {
      if (!sizes->empty() && !comma) return Error("',' or ')' is expected");
      OTIUM_ASSIGN_OR_RETURN(const int64_t size, Size());
      if (sizes->size() == kMaxRank) {
        return Error(absl::StrCat("the array has more than ", kMaxRank, " dimensions"));
      }
      sizes->push_back(size);
      comma = Consume(',');
    }
    if (sizes->size() == 1 && !comma) return Error("(3) is not a tuple, (3,) is");
    return absl::OkStatus();
  }

  absl::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Sizes NpyHeader::Strides() const {
  if (!fortran_order) return ContiguousStrides(sizes);
  Sizes reversed(sizes.rbegin(), sizes.rend());
  const Sizes strides = ContiguousStrides(reversed);
  return Sizes(strides.rbegin(), strides.rend());
}

absl::StatusOr<int64_t> NpyHeaderSize(absl::string_view bytes) {
  if (!absl::StartsWith(bytes, kMagic)) {
    return absl::InvalidArgumentError(bytes.empty()
                                          ? "the file is empty, not an .npy file"
                                          : "not an .npy file: it does not begin with \\x93NUMPY");
  }
  const auto byte = [&bytes](size_t i) -> int64_t {
    return i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0;
  };
  const int64_t major = byte(6), minor = byte(7);
  const int64_t prefix = major == 1 ? 10 : 12;
  if (static_cast<int64_t>(bytes.size()) < prefix) {
    return absl::InvalidArgumentError("the .npy file ends in its header");
  }
  if (major < 1 || major > 3 || minor != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("version ", major, ".", minor, " of the .npy format is unknown"));
  }
  int64_t length = byte(8) | byte(9) << 8;
  if (major > 1) length |= byte(10) << 16 | byte(11) << 24;
  if (prefix + length > kMaxNpyHeaderBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the .npy file claims a header of ", length, " bytes; no array needs that"));
  }
  return prefix + length;
}

absl::StatusOr<NpyHeader> ParseNpyHeader(absl::string_view bytes) {
  OTIUM_ASSIGN_OR_RETURN(const int64_t size, NpyHeaderSize(bytes));
  if (size > static_cast<int64_t>(bytes.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat("the .npy file ends in its header, which claims ", size, " bytes"));
  }
  const int64_t prefix = bytes[6] == 1 ? 10 : 12;
  NpyHeader header;
  OTIUM_RETURN_IF_ERROR(Parser(bytes.substr(prefix, size - prefix)).Parse(&header));
  header.data_offset = size;
  const absl::StatusOr<int64_t> data_bytes = CheckedNumBytes(header.dtype, header.sizes);
  if (!data_bytes.ok()) return absl::InvalidArgumentError(data_bytes.status().message());
  header.data_bytes = *data_bytes;
  return header;
}

absl::Status CheckNpyLength(const NpyHeader& header, int64_t size) {
  const int64_t there = size - header.data_offset;
  if (there == header.data_bytes) return absl::OkStatus();
  const std::string array =
      absl::StrCat("the header says ", ShortType({header.dtype, Shape(header.sizes)}),
                   ", which is ", header.data_bytes, " bytes");
  return absl::InvalidArgumentError(
      there < header.data_bytes
          ? absl::StrCat("the .npy file is truncated: ", array, ", but only ", there, " follow")
          : absl::StrCat("the .npy file is longer than its array: ", array, ", but ", there,
                         " follow; several arrays belong in an .npz file"));
}

std::string NpyHeaderText(DType dtype, bool fortran_order, absl::Span<const int64_t> sizes) {
  const auto* descr = std::find_if(std::begin(kDescrs), std::end(kDescrs),
                                   [dtype](const Descr& d) { return d.dtype == dtype; });
  std::string dict = absl::StrCat(
      "{'descr': '", descr->text, "', 'fortran_order': ", fortran_order ? "True" : "False",
      ", 'shape': (", absl::StrJoin(sizes, ", "), sizes.size() == 1 ? ",), }" : "), }");
  // Version 1: kMaxRank sizes of 19 digits stay far below its 65535 bytes.
  constexpr size_t kPrefix = 10;
  const size_t total = (kPrefix + dict.size() + 1 + 63) / 64 * 64;
  dict.append(total - kPrefix - dict.size() - 1, ' ');
  dict.push_back('\n');
  std::string text = absl::StrCat(kMagic, absl::string_view("\x01\x00", 2));
  text.push_back(static_cast<char>(dict.size() & 0xff));
  text.push_back(static_cast<char>(dict.size() >> 8));
  return text + dict;
}

}  // namespace otium

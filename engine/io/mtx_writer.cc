// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <complex>
#include <string>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/io/atomic_file.h"
#include "engine/io/mtx.h"

namespace otium {
namespace {

constexpr size_t kFlushAt = size_t{1} << 16;

template <class T>
void AppendNumber(T value, std::string* out) {
  if constexpr (std::is_same_v<T, bool>) {
    out->push_back(value ? '1' : '0');
  } else if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
    AppendNumber(static_cast<float>(value), out);
  } else if constexpr (std::is_arithmetic_v<T>) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof(text), value);
    out->append(text, end.ptr - text);
  } else {
    AppendNumber(value.real(), out);
    out->push_back(' ');
    AppendNumber(value.imag(), out);
  }
}

absl::string_view FieldName(DType dtype) {
  switch (Category(dtype)) {
    case DTypeCategory::kBool:
    case DTypeCategory::kInteger: return "integer";
    case DTypeCategory::kFloat: return "real";
    case DTypeCategory::kComplex: return "complex";
  }
  __builtin_unreachable();
}

}  // namespace

absl::Status WriteMtx(const Tensor& tensor, absl::string_view path) {
  if (tensor.rank() != 2) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": an .mtx file holds a matrix, not ",
                                                   ShortType(tensor.type()),
                                                   "; write .npy instead"));
  }
  if (tensor.device() != Device{}) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": the tensor is on ",
                                                      DeviceToString(tensor.device()),
                                                      "; copy it to the cpu first"));
  }
  const int64_t rows = tensor.sizes()[0], columns = tensor.sizes()[1];
  OTIUM_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  std::string out = absl::StrCat("%%MatrixMarket matrix array ", FieldName(tensor.dtype()),
                                 " general\n", rows, " ", columns, "\n");
  OTIUM_RETURN_IF_ERROR(DispatchDType(tensor.dtype(), [&](auto tag) -> absl::Status {
    using T = typename decltype(tag)::type;
    const T* data = tensor.data<T>();
    for (int64_t j = 0; j < columns; ++j) {
      for (int64_t i = 0; i < rows; ++i) {
        AppendNumber(data[i * tensor.strides()[0] + j * tensor.strides()[1]], &out);
        out.push_back('\n');
        if (out.size() < kFlushAt) continue;
        OTIUM_RETURN_IF_ERROR(file.Append(out));
        out.clear();
      }
    }
    return absl::OkStatus();
  }));
  OTIUM_RETURN_IF_ERROR(file.Append(out));
  return file.Commit();
}

}  // namespace otium

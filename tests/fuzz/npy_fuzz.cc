// SPDX-License-Identifier: Apache-2.0
//
// Any bytes: refused, or an array that is written and read back the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "engine/io/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<otium::Tensor> tensor = otium::ParseNpy(bytes);
  if (!tensor.ok()) return 0;
  const absl::StatusOr<std::string> written = otium::NpyToString(*tensor);
  if (!written.ok()) abort();
  const absl::StatusOr<otium::Tensor> again = otium::ParseNpy(*written);
  if (!again.ok() || !otium::Tensor::BitwiseEqual(*tensor, *again)) abort();
  return 0;
}

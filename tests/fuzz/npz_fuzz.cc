// SPDX-License-Identifier: Apache-2.0
//
// Any bytes: refused, or arrays that read alike by name and all at once.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "engine/io/npz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using otium::Buffer, otium::IntrusivePtr, otium::NpzReader, otium::Tensor;
  const IntrusivePtr<Buffer> bytes = Buffer::Allocate(static_cast<int64_t>(size));
  std::memcpy(bytes->data(), data, size);
  const absl::StatusOr<NpzReader> reader = NpzReader::Open(bytes, "fuzz.npz");
  if (!reader.ok()) return 0;
  const auto all = reader->ReadAll();
  const std::vector<std::string> names = reader->names();
  for (size_t i = 0; i < names.size(); ++i) {
    const absl::StatusOr<Tensor> tensor = reader->Read(names[i]);
    if (all.ok() && (!tensor.ok() || !Tensor::BitwiseEqual((*all)[i].tensor, *tensor))) abort();
  }
  return 0;
}

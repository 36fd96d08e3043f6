// SPDX-License-Identifier: Apache-2.0
#include "engine/base/tensor.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "absl/strings/str_cat.h"
#include "engine/base/block_cache.h"
#include "engine/base/status.h"

namespace otium {

IntrusivePtr<Buffer> Buffer::Allocate(int64_t bytes) {
  void* data = AllocateBlock(bytes);
  if (data == nullptr) return nullptr;
  auto buffer = IntrusivePtr<Buffer>::Adopt(new Buffer);
  buffer->data_ = data;
  buffer->bytes_ = bytes;
  buffer->owned_ = true;
  return buffer;
}

IntrusivePtr<Buffer> Buffer::Borrow(void* data, int64_t bytes, Device device,
                                    std::function<void(void*)> deleter) {
  auto buffer = IntrusivePtr<Buffer>::Adopt(new Buffer);
  buffer->data_ = data;
  buffer->bytes_ = bytes;
  buffer->device_ = device;
  buffer->deleter_ = std::move(deleter);
  return buffer;
}

Buffer::~Buffer() {
  if (owned_) FreeBlock(data_, bytes_);
  if (deleter_) deleter_(data_);
}

namespace {

const IntrusivePtr<Buffer>& EmptyBuffer() {
  static const auto* buffer = new IntrusivePtr<Buffer>(Buffer::Allocate(0));
  return *buffer;
}

}  // namespace

Tensor::Tensor() : buffer_(EmptyBuffer()), sizes_({0}), strides_({1}) {}

Tensor::Tensor(IntrusivePtr<Buffer> buffer, int64_t byte_offset, DType dtype,
               absl::Span<const int64_t> sizes, absl::Span<const int64_t> strides)
    : buffer_(std::move(buffer)),
      byte_offset_(byte_offset),
      sizes_(sizes.begin(), sizes.end()),
      strides_(strides.begin(), strides.end()),
      dtype_(dtype) {}

absl::StatusOr<int64_t> CheckedNumBytes(DType dtype, absl::Span<const int64_t> sizes) {
  int64_t bytes = ItemSize(dtype);
  bool empty = false, overflow = false;
  for (int64_t size : sizes) {
    if (size < 0) return absl::InvalidArgumentError(absl::StrCat("negative size ", size));
    if (size == 0) empty = true;
    overflow = overflow || __builtin_mul_overflow(bytes, std::max<int64_t>(size, 1), &bytes);
  }
  if (overflow) return absl::ResourceExhaustedError("the tensor's size in bytes overflows 64 bits");
  return empty ? 0 : bytes;
}

absl::StatusOr<Tensor> Tensor::Allocate(DType dtype, absl::Span<const int64_t> sizes) {
  OTIUM_ASSIGN_OR_RETURN(const int64_t bytes, CheckedNumBytes(dtype, sizes));
  IntrusivePtr<Buffer> buffer = Buffer::Allocate(bytes);
  if (!buffer) return absl::ResourceExhaustedError(absl::StrCat("no memory for ", bytes, " bytes"));
  return Tensor(std::move(buffer), 0, dtype, sizes, ContiguousStrides(sizes));
}

Tensor Tensor::Copy(const void* data, DType dtype, absl::Span<const int64_t> sizes) {
  absl::StatusOr<Tensor> tensor = Allocate(dtype, sizes);
  if (!tensor.ok()) throw std::bad_alloc();
  const int64_t bytes = tensor->buffer_->bytes();
  if (bytes > 0) std::memcpy(tensor->mutable_data(), data, bytes);
  return *std::move(tensor);
}

Tensor Tensor::Borrow(void* data, DType dtype, absl::Span<const int64_t> sizes,
                      absl::Span<const int64_t> strides, std::function<void(void*)> deleter) {
  // Bytes from `data` on; elements before it, reached by negative strides, are
  // the lender's to keep.
  int64_t last = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] > 1 && strides[i] > 0) last += (sizes[i] - 1) * strides[i];
  }
  return Tensor(Buffer::Borrow(data, (last + 1) * ItemSize(dtype), Device{}, std::move(deleter)), 0,
                dtype, sizes, strides);
}

int64_t Tensor::NumElements() const {
  int64_t n = 1;
  for (int64_t s : sizes_) n *= s;
  return n;
}

bool Tensor::IsContiguous() const {
  int64_t expected = 1;
  bool dense = true;
  for (int i = rank(); i-- > 0;) {
    if (sizes_[i] == 0) return true;
    if (sizes_[i] != 1 && strides_[i] != expected) dense = false;
    expected *= sizes_[i];
  }
  return dense;
}

void CopyStrided(const void* from, absl::Span<const int64_t> from_strides, void* to,
                 absl::Span<const int64_t> to_strides, absl::Span<const int64_t> sizes,
                 int64_t item_size) {
  for (int64_t s : sizes) {
    if (s == 0) return;
  }
  if (sizes.empty()) {
    std::memcpy(to, from, item_size);
    return;
  }
  size_t inner = sizes.size() - 1;
  // Last dimensions that are one run of elements in both: rows may be short.
  int64_t run = sizes[inner];
  const bool dense = from_strides[inner] == 1 && to_strides[inner] == 1;
  while (dense && inner > 0 && from_strides[inner - 1] == run && to_strides[inner - 1] == run) {
    run *= sizes[--inner];
  }
  Sizes index(inner, 0);
  const char* src = static_cast<const char*>(from);
  char* dst = static_cast<char*>(to);
  const int64_t src_step = from_strides[inner] * item_size,
                dst_step = to_strides[inner] * item_size;
  while (true) {
    if (dense) {
      std::memcpy(dst, src, run * item_size);
    } else {
      for (int64_t i = 0; i < sizes[inner]; ++i) {
        std::memcpy(dst + i * dst_step, src + i * src_step, item_size);
      }
    }
    size_t d = inner;
    for (; d-- > 0;) {
      src += from_strides[d] * item_size;
      dst += to_strides[d] * item_size;
      if (++index[d] < sizes[d]) break;
      src -= from_strides[d] * sizes[d] * item_size;
      dst -= to_strides[d] * sizes[d] * item_size;
      index[d] = 0;
    }
    if (d == static_cast<size_t>(-1)) return;
  }
}

Tensor Tensor::Contiguous() const {
  if (IsContiguous()) return *this;
  absl::StatusOr<Tensor> dense = Allocate(dtype_, sizes_);
  if (!dense.ok()) throw std::bad_alloc();
  CopyStrided(data(), strides_, dense->mutable_data(), dense->strides_, sizes_, ItemSize(dtype_));
  return *std::move(dense);
}

bool Tensor::BitwiseEqual(const Tensor& a, const Tensor& b) {
  if (a.dtype_ != b.dtype_ || a.sizes_ != b.sizes_) return false;
  if (a.NumElements() == 0) return true;  // A borrowed one may be a null pointer.
  const Tensor x = a.Contiguous(), y = b.Contiguous();
  return std::memcmp(x.data(), y.data(), x.NumElements() * ItemSize(a.dtype_)) == 0;
}

}  // namespace otium

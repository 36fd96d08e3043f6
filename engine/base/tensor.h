// SPDX-License-Identifier: Apache-2.0
//
// Tensor: concrete data. A dtype and sizes, strides in elements, and a
// reference-counted buffer on one device. Copies share the buffer; the elements
// are immutable unless the buffer is uniquely owned.
//
//   Tensor a = Tensor::Of<float>({{1, 2}, {3, 4}});
//   Tensor b = Tensor::Copy(data, DType::kF64, {100, 50});
//   Tensor c = Tensor::Borrow(ptr, DType::kF32, {n}, {1}, [owner](void*) {});
//
// Own buffers are 64-byte aligned; borrowed ones need element alignment only.

#ifndef OTIUM_ENGINE_BASE_TENSOR_H_
#define OTIUM_ENGINE_BASE_TENSOR_H_

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/base/device.h"
#include "engine/base/export.h"
#include "engine/base/intrusive_ptr.h"
#include "engine/base/shape.h"
#include "engine/base/tensor_type.h"

namespace otium {

inline constexpr int64_t kBufferAlignment = 64;

// A block of memory and how to give it back.
class OTIUM_EXPORT Buffer : public RefCounted<Buffer> {
 public:
  // Own memory, 64-byte aligned, not initialized. Null when there is not enough.
  static IntrusivePtr<Buffer> Allocate(int64_t bytes);
  // Somebody else's memory; `deleter` (may be empty) runs when the last owner goes.
  static IntrusivePtr<Buffer> Borrow(void* data, int64_t bytes, Device device,
                                     std::function<void(void*)> deleter);
  ~Buffer();

  void* data() const { return data_; }
  int64_t bytes() const { return bytes_; }
  Device device() const { return device_; }
  // False for borrowed memory.
  bool owned() const { return owned_; }

 private:
  Buffer() = default;
  void* data_ = nullptr;
  int64_t bytes_ = 0;
  Device device_;
  bool owned_ = false;
  std::function<void(void*)> deleter_;
};

class OTIUM_EXPORT Tensor {
 public:
  // f32[0].
  Tensor();

  // Dense row-major, not initialized. The status is kResourceExhausted when the
  // memory is not there or the size overflows.
  static absl::StatusOr<Tensor> Allocate(DType dtype, absl::Span<const int64_t> sizes);
  // Dense row-major copy of `data`; dies of no memory as operator new does.
  static Tensor Copy(const void* data, DType dtype, absl::Span<const int64_t> sizes);
  // `data` is kept, not copied; it points to the element of index 0. Strides are
  // in elements and may be any for which every index stays inside memory.
  static Tensor Borrow(void* data, DType dtype, absl::Span<const int64_t> sizes,
                       absl::Span<const int64_t> strides, std::function<void(void*)> deleter);
  // A view into `buffer` starting `byte_offset` after its beginning.
  Tensor(IntrusivePtr<Buffer> buffer, int64_t byte_offset, DType dtype,
         absl::Span<const int64_t> sizes, absl::Span<const int64_t> strides);

  // Of the given elements, 0-D, 1-D or 2-D; of no memory they die as Copy does.
  template <class T>
  static Tensor Scalar(T value) {
    return Copy(&value, DTypeOf<T>(), {});
  }
  template <class T>
  static Tensor Of(std::initializer_list<T> values) {
    return Copy(values.begin(), DTypeOf<T>(), {static_cast<int64_t>(values.size())});
  }
  // Rows must have one length.
  template <class T>
  static Tensor Of(std::initializer_list<std::initializer_list<T>> rows) {
    std::string bytes;  // Not a vector<T>: one of bool holds bits.
    int64_t count = 0;
    for (const auto& row : rows) {
      bytes.append(reinterpret_cast<const char*>(row.begin()), row.size() * sizeof(T));
      count += static_cast<int64_t>(row.size());
    }
    const auto m = static_cast<int64_t>(rows.size());
    return Copy(bytes.data(), DTypeOf<T>(), {m, m == 0 ? 0 : count / m});
  }

  DType dtype() const { return dtype_; }
  int rank() const { return static_cast<int>(sizes_.size()); }
  absl::Span<const int64_t> sizes() const { return sizes_; }
  absl::Span<const int64_t> strides() const { return strides_; }
  int64_t NumElements() const;
  Device device() const { return buffer_->device(); }
  // dtype and shape, no structure.
  TensorType type() const { return TensorType(dtype_, Shape(absl::Span<const int64_t>(sizes_))); }

  // The element of index 0...0.
  const void* data() const { return static_cast<const char*>(buffer_->data()) + byte_offset_; }
  template <class T>
  const T* data() const {
    return static_cast<const T*>(data());
  }
  // For filling a tensor just allocated, or one that IsUnique(): results of one
  // run may be views of one buffer, and are not unique then. Nothing checks it.
  void* mutable_data() { return static_cast<char*>(buffer_->data()) + byte_offset_; }
  template <class T>
  T* mutable_data() {
    return static_cast<T*>(mutable_data());
  }
  // Whether the elements may be overwritten: Otium's own memory, and no other
  // tensor holds it. Borrowed memory is never unique: its owner can see it, and a
  // mapped file cannot be written at all.
  bool IsUnique() const { return buffer_->IsUnique() && buffer_->owned(); }
  const IntrusivePtr<Buffer>& buffer() const { return buffer_; }
  int64_t byte_offset() const { return byte_offset_; }

  bool IsContiguous() const;
  // This, or a dense row-major copy.
  Tensor Contiguous() const;
  // The elements as T, row-major; requires DTypeOf<T>() == dtype().
  template <class T>
  std::vector<T> ToVector() const {
    const Tensor dense = Contiguous();
    const T* p = dense.data<T>();
    return std::vector<T>(p, p + dense.NumElements());
  }
  // Same dtype, sizes and bits (so NaN equals itself).
  static bool BitwiseEqual(const Tensor& a, const Tensor& b);

 private:
  IntrusivePtr<Buffer> buffer_;
  int64_t byte_offset_ = 0;
  Sizes sizes_;
  Sizes strides_;
  DType dtype_ = DType::kF32;
};

// Bytes of a dense array, or kResourceExhausted when that overflows int64.
OTIUM_EXPORT absl::StatusOr<int64_t> CheckedNumBytes(DType dtype, absl::Span<const int64_t> sizes);
// Copies elements between two strided arrays of the same sizes and item size.
OTIUM_EXPORT void CopyStrided(const void* from, absl::Span<const int64_t> from_strides, void* to,
                              absl::Span<const int64_t> to_strides, absl::Span<const int64_t> sizes,
                              int64_t item_size);

}  // namespace otium

#endif  // OTIUM_ENGINE_BASE_TENSOR_H_

// SPDX-License-Identifier: Apache-2.0
//
// A reference-counted pointer to an object that holds its own count. Nodes,
// shapes and buffers use it: one word a handle, one allocation an object.
//
//   class Buffer : public RefCounted<Buffer> { ... };
//   IntrusivePtr<Buffer> b = MakeIntrusive<Buffer>(...);
//
// A type whose destruction needs care (Node, whose graphs are deep) shadows
// `static void Destroy(const T*)`.

#ifndef OTIUM_ENGINE_BASE_INTRUSIVE_PTR_H_
#define OTIUM_ENGINE_BASE_INTRUSIVE_PTR_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace otium {

template <class T>
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  void Ref() const { count_.fetch_add(1, std::memory_order_relaxed); }

  // A count of one cannot be raised by anybody else, so the last owner skips
  // the atomic decrement; the acquire pairs with the release of other owners.
  void Unref() const {
    if (count_.load(std::memory_order_acquire) == 1 ||
        count_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      T::Destroy(static_cast<const T*>(this));
    }
  }

  bool IsUnique() const { return count_.load(std::memory_order_acquire) == 1; }

  static void Destroy(const T* object) { delete object; }

 protected:
  ~RefCounted() = default;

 private:
  mutable std::atomic<uint32_t> count_{1};
};

template <class T>
class IntrusivePtr {
 public:
  IntrusivePtr() = default;
  IntrusivePtr(std::nullptr_t) {}  // NOLINT: null is a pointer.
  // Takes over the reference that `object` was born with.
  static IntrusivePtr Adopt(T* object) {
    IntrusivePtr p;
    p.object_ = object;
    return p;
  }
  IntrusivePtr(const IntrusivePtr& other) : object_(other.object_) {
    if (object_ != nullptr) object_->Ref();
  }
  IntrusivePtr(IntrusivePtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
  IntrusivePtr(IntrusivePtr<U> other) : object_(other.release()) {}  // NOLINT: T* from U*.
  IntrusivePtr& operator=(IntrusivePtr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~IntrusivePtr() {
    if (object_ != nullptr) object_->Unref();
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  // Gives the reference away.
  T* release() { return std::exchange(object_, nullptr); }

  friend bool operator==(const IntrusivePtr& a, const IntrusivePtr& b) {
    return a.object_ == b.object_;
  }

 private:
  T* object_ = nullptr;
};

template <class T, class... Args>
IntrusivePtr<T> MakeIntrusive(Args&&... args) {
  return IntrusivePtr<T>::Adopt(new T(std::forward<Args>(args)...));
}

}  // namespace otium

#endif  // OTIUM_ENGINE_BASE_INTRUSIVE_PTR_H_

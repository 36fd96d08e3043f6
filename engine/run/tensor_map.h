// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_ENGINE_RUN_TENSOR_MAP_H_
#define OTIUM_ENGINE_RUN_TENSOR_MAP_H_

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/tensor.h"

namespace otium {

// Named tensors in order: what a program takes and gives.
class TensorMap {
 public:
  // {"A", a}. A tensor that was moved into the braces is moved on: elements of
  // an initializer_list are constant, and a copy would not be the only holder.
  struct Entry {
    std::string name;
    mutable Tensor tensor;
  };

  TensorMap() = default;
  TensorMap(std::initializer_list<Entry> entries) {
    entries_.reserve(entries.size());
    for (const Entry& e : entries) entries_.emplace_back(e.name, std::move(e.tensor));
  }

  // Null when there is no such name.
  const Tensor* Find(absl::string_view name) const {
    for (const auto& [n, tensor] : entries_) {
      if (n == name) return &tensor;
    }
    return nullptr;
  }
  // The name must be there.
  const Tensor& operator[](absl::string_view name) const { return *Find(name); }
  void Set(absl::string_view name, Tensor tensor) {
    for (auto& entry : entries_) {
      if (entry.first == name) {
        entry.second = std::move(tensor);
        return;
      }
    }
    entries_.emplace_back(std::string(name), std::move(tensor));
  }

  size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  std::vector<std::pair<std::string, Tensor>> entries_;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_RUN_TENSOR_MAP_H_

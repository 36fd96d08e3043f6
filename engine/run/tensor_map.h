// SPDX-License-Identifier: Apache-2.0

#ifndef OTIUM_ENGINE_RUN_TENSOR_MAP_H_
#define OTIUM_ENGINE_RUN_TENSOR_MAP_H_

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
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
    for (const Entry& e : entries) Set(e.name, std::move(e.tensor));
  }

  // Null when there is no such name.
  const Tensor* Find(absl::string_view name) const {
    const size_t i = PositionOf(name);
    return i < entries_.size() ? &entries_[i].second : nullptr;
  }
  // The name must be there.
  const Tensor& operator[](absl::string_view name) const { return *Find(name); }
  void Set(absl::string_view name, Tensor tensor) {
    if (const size_t i = PositionOf(name); i < entries_.size()) {
      entries_[i].second = std::move(tensor);
      return;
    }
    entries_.emplace_back(std::string(name), std::move(tensor));
    if (entries_.size() <= kFew) return;
    if (positions_.empty()) {
      for (size_t i = 0; i + 1 < entries_.size(); ++i) positions_[entries_[i].first] = i;
    }
    positions_[name] = entries_.size() - 1;
  }

  size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  // size() when there is no such name.
  size_t PositionOf(absl::string_view name) const {
    if (!positions_.empty()) {
      auto it = positions_.find(name);
      return it == positions_.end() ? entries_.size() : it->second;
    }
    size_t i = 0;
    while (i < entries_.size() && entries_[i].first != name) ++i;
    return i;
  }

  // Up to this many are found by looking at them all.
  static constexpr size_t kFew = 16;
  absl::flat_hash_map<std::string, size_t> positions_;
  std::vector<std::pair<std::string, Tensor>> entries_;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_RUN_TENSOR_MAP_H_

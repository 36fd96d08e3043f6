// SPDX-License-Identifier: Apache-2.0
//
// The one stable 128-bit hash: the same on every machine, in every process and
// version, unlike absl::Hash. Fingerprints of graphs and keys of plans and of
// files on disk are made of it. Two multiply-folds a word (the mixing step of
// wyhash, public domain); not cryptographic.

#ifndef OTIUM_ENGINE_BASE_HASH_H_
#define OTIUM_ENGINE_BASE_HASH_H_

#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/strings/string_view.h"

namespace otium {

struct Hash128 {
  uint64_t high = 0;
  uint64_t low = 0;

  friend bool operator==(const Hash128&, const Hash128&) = default;
  friend bool operator<(const Hash128& a, const Hash128& b) {
    return a.high != b.high ? a.high < b.high : a.low < b.low;
  }
  // For absl containers; their order must never reach an output.
  template <class H>
  friend H AbslHashValue(H h, const Hash128& v) {
    return H::combine(std::move(h), v.low);
  }
};

class Hasher {
 public:
  Hasher& Add(uint64_t word) {
    a_ = Fold(a_ ^ word, 0xa0761d6478bd642full);
    b_ = Fold(b_ + word, 0xe7037ed1a0b428dbull) ^ a_;
    return *this;
  }
  Hasher& Add(double value) {
    uint64_t word;
    std::memcpy(&word, &value, sizeof(word));
    return Add(word);
  }
  Hasher& Add(Hash128 h) { return Add(h.high).Add(h.low); }
  // The length is hashed too, so that ("ab", "c") and ("a", "bc") differ.
  Hasher& Add(absl::string_view bytes) {
    Add(static_cast<uint64_t>(bytes.size()));
    const char* p = bytes.data();
    size_t left = bytes.size();
    for (; left >= 8; p += 8, left -= 8) {
      uint64_t word;
      std::memcpy(&word, p, 8);
      Add(word);
    }
    if (left > 0) {
      uint64_t word = 0;
      std::memcpy(&word, p, left);
      Add(word);
    }
    return *this;
  }
  Hash128 Finish() const {
    return {Fold(a_ ^ 0x8ebc6af09c88c6e3ull, b_ ^ 0x589965cc75374cc3ull), Fold(b_, a_ | 1)};
  }

 private:
  static uint64_t Fold(uint64_t x, uint64_t y) {
    const auto product = static_cast<unsigned __int128>(x) * y;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64) ^ x;
  }

  uint64_t a_ = 0x2d358dccaa6c78a5ull;
  uint64_t b_ = 0x8bb84b93962eacc9ull;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_BASE_HASH_H_

// SPDX-License-Identifier: Apache-2.0
//
// What is known of a matrix beyond its size: bandwidths and flags, the same for
// every matrix of a batch (the last two dimensions). Diagonal, tridiagonal,
// triangular, banded and general are one rule on two bandwidths: element (i, j)
// is zero when i - j > lower or j - i > upper. Facts are theorems or
// declarations, never guesses; kernels and rewrites are chosen by them.
//
// Tested by tests/base/structure_test.cc.

#ifndef OTIUM_ENGINE_BASE_STRUCTURE_H_
#define OTIUM_ENGINE_BASE_STRUCTURE_H_

#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/base/dtype.h"
#include "engine/base/export.h"
#include "engine/base/shape.h"

namespace otium {

// A bandwidth that excludes nothing.
inline constexpr int64_t kFullBand = std::numeric_limits<int64_t>::max();

enum StructureFlag : uint32_t {
  kSymmetric = 1u << 0,           // A == A.T
  kHermitian = 1u << 1,           // A == A.H
  kPsd = 1u << 2,                 // hermitian, x.H A x >= 0
  kPd = 1u << 3,                  // hermitian, x.H A x > 0 for x != 0
  kNonsingular = 1u << 4,         // square, invertible
  kFullColumnRank = 1u << 5,      // rows >= columns, A x = 0 only for x = 0
  kOrthonormalColumns = 1u << 6,  // A.H A == I
  kOrthogonal = 1u << 7,          // square, A.H A == A A.H == I (unitary when complex)
  kUnitDiagonal = 1u << 8,        // ones on the main diagonal
  kIdentity = 1u << 9,
  kZero = 1u << 10,         // every element, known without looking
  kPermutation = 1u << 11,  // square, one 1 in each row and column
  kNonnegative = 1u << 12,  // rank 0: value >= 0
  kPositive = 1u << 13,     // rank 0: value > 0
};

struct OTIUM_EXPORT Structure {
  int64_t lower = kFullBand;
  int64_t upper = kFullBand;
  uint32_t flags = 0;

  bool Has(uint32_t all_of) const { return (flags & all_of) == all_of; }
  bool IsLower() const { return upper <= 0; }
  bool IsUpper() const { return lower <= 0; }
  bool IsTriangular() const { return IsLower() || IsUpper(); }
  bool IsDiagonal() const { return upper <= 0 && lower <= 0; }
  // Says nothing at all.
  bool IsGeneral() const { return flags == 0 && lower == kFullBand && upper == kFullBand; }

  // Whether everything `other` says is said here too.
  bool Implies(const Structure& other) const {
    return Has(other.flags) && lower <= other.lower && upper <= other.upper;
  }

  friend bool operator==(const Structure&, const Structure&) = default;
};

// Adds what follows (pd gives psd, nonsingular, hermitian; the identity is
// everything), and drops what cannot be: bandwidths wider than the matrix become
// kFullBand, so that equal knowledge compares equal.
OTIUM_EXPORT Structure NormalizeStructure(Structure s, DType dtype, const Shape& shape);

// Everything both say.
OTIUM_EXPORT Structure Meet(const Structure& a, const Structure& b);
// Everything either says; both must hold of the same matrix.
OTIUM_EXPORT Structure Join(const Structure& a, const Structure& b);

// a + b for bandwidths, absorbing kFullBand.
inline int64_t AddBands(int64_t a, int64_t b) {
  return a == kFullBand || b == kFullBand ? kFullBand : a + b;
}

// The words of the graph file, "spd lower"; empty when general. `s` is normal for
// a matrix of this dtype and shape; the words say all of it, as what is left out
// follows from them there (and need not elsewhere: a unit_lower matrix has full
// rank if it is square).
OTIUM_EXPORT std::string StructureToString(const Structure& s, DType dtype, const Shape& shape);
// The same in short, for messages: as for a square real matrix.
OTIUM_EXPORT std::string StructureToString(const Structure& s);
// The word for `s`, of all, from which `fact` follows, which is part of s: "spd" for
// symmetric. For messages, which say what was declared and not what followed.
OTIUM_EXPORT std::string WordThatSays(const Structure& fact, const Structure& s, DType dtype,
                                      const Shape& shape);
// Adds what one word of the graph file says (banded has arguments and is not a
// word). False when it is not a structure word.
OTIUM_EXPORT bool AddStructureWord(absl::string_view word, Structure* s);
// Every word AddStructureWord knows, for "did you mean".
OTIUM_EXPORT absl::Span<const absl::string_view> StructureWords();
// What one of them means: "zeros above the diagonal".
OTIUM_EXPORT absl::string_view StructureWordMeaning(absl::string_view word);

}  // namespace otium

#endif  // OTIUM_ENGINE_BASE_STRUCTURE_H_

// SPDX-License-Identifier: Apache-2.0
#include "engine/base/structure.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace otium {
namespace {

struct Word {
  absl::string_view name;
  absl::string_view meaning;
  uint32_t flags;
  int64_t lower = kFullBand;
  int64_t upper = kFullBand;
};

// Ordered so that printing takes the first, strongest word that says something
// new. `spd` is hermitian positive definite for complex matrices.
constexpr Word kWords[] = {
    {"zero", "every element is 0", kZero},
    {"identity", "ones on the diagonal, zeros elsewhere", kIdentity},
    {"permutation", "square, one 1 in each row and column, zeros elsewhere", kPermutation},
    {"unit_lower", "lower, with ones on the diagonal", kUnitDiagonal, kFullBand, 0},
    {"unit_upper", "upper, with ones on the diagonal", kUnitDiagonal, 0, kFullBand},
    {"diagonal", "zeros off the diagonal", 0, 0, 0},
    {"lower", "zeros above the diagonal", 0, kFullBand, 0},
    {"upper", "zeros below the diagonal", 0, 0, kFullBand},
    {"tridiagonal", "zeros but on the diagonal and beside it", 0, 1, 1},
    {"orthogonal", "square, A.H @ A is the identity", kOrthogonal},
    {"orthonormal", "columns: A.H @ A is the identity", kOrthonormalColumns},
    {"spd", "hermitian, x.H @ A @ x > 0 for x other than 0", kPd},
    {"psd", "hermitian, x.H @ A @ x >= 0", kPsd},
    {"symmetric", "A is A.T", kSymmetric},
    {"hermitian", "A is A.H", kHermitian},
    {"nonsingular", "square, invertible", kNonsingular},
    {"full_rank", "full column rank: at least as many rows as columns, which are independent",
     kFullColumnRank},
    {"unit_diagonal", "ones on the diagonal", kUnitDiagonal},
    {"positive", "a scalar > 0", kPositive},
    {"nonnegative", "a scalar >= 0", kNonnegative},
};

// One step of implication, applied until nothing changes.
Structure Close(Structure s, DType dtype, bool square) {
  const bool real = !IsComplex(dtype);
  while (true) {
    const Structure before = s;
    auto implies = [&s](uint32_t premise, uint32_t conclusion) {
      if (s.Has(premise)) s.flags |= conclusion;
    };
    implies(kIdentity, kPd | kPermutation | kUnitDiagonal | kSymmetric);
    implies(kPermutation, kOrthogonal);
    implies(kOrthogonal, kOrthonormalColumns | kNonsingular);
    implies(kOrthonormalColumns, kFullColumnRank);
    implies(kPd, kPsd | kNonsingular);
    implies(kPsd, kHermitian);
    implies(kPsd | kNonsingular, kPd);
    implies(kNonsingular, kFullColumnRank);
    implies(kPositive, kNonnegative);
    if (real) implies(kHermitian, kSymmetric);
    if (real) implies(kSymmetric, kHermitian);
    if (square) {
      implies(kFullColumnRank, kNonsingular);
      implies(kOrthonormalColumns, kOrthogonal);
      if (s.IsTriangular()) implies(kUnitDiagonal, kNonsingular);
      if (s.IsDiagonal()) implies(kUnitDiagonal, kIdentity);
      if (s.IsDiagonal()) s.flags |= kSymmetric;
      if (s.Has(kZero)) s.flags |= kSymmetric | kPsd;
    }
    if (s.Has(kIdentity) || s.Has(kZero)) s.lower = s.upper = 0;
    if (s.Has(kSymmetric) || s.Has(kHermitian)) {
      s.lower = s.upper = std::min(s.lower, s.upper);
    }
    if (s == before) return s;
  }
}

}  // namespace

Structure NormalizeStructure(Structure s, DType dtype, const Shape& shape) {
  if (shape.rank() < 2) {
    s.lower = s.upper = kFullBand;
    s.flags &= kZero | kNonnegative | kPositive;
    if (s.Has(kPositive)) s.flags |= kNonnegative;
    return s;
  }
  s.lower = std::max<int64_t>(s.lower, 0);
  s.upper = std::max<int64_t>(s.upper, 0);
  s = Close(s, dtype, shape.back(2) == shape.back(1));
  const Dim& rows = shape.back(2);
  const Dim& columns = shape.back(1);
  if (rows.IsStatic() && s.lower >= rows.value() - 1 && s.lower > 0) s.lower = kFullBand;
  if (columns.IsStatic() && s.upper >= columns.value() - 1 && s.upper > 0) s.upper = kFullBand;
  return s;
}

Structure Meet(const Structure& a, const Structure& b) {
  return {std::max(a.lower, b.lower), std::max(a.upper, b.upper), a.flags & b.flags};
}

Structure Join(const Structure& a, const Structure& b) {
  return {std::min(a.lower, b.lower), std::min(a.upper, b.upper), a.flags | b.flags};
}

namespace {

struct Said {
  std::string word;
  Structure meaning;  // Without what follows from it.
};

std::vector<Said> Words(const Structure& s, DType dtype, bool square) {
  std::vector<Said> words;
  Structure said;
  auto say = [&](absl::string_view word, const Structure& meaning) {
    words.push_back({std::string(word), meaning});
    // What follows from a word is not said again.
    said = Close(Join(said, meaning), dtype, square);
  };
  for (const Word& word : kWords) {
    const Structure meaning{word.lower, word.upper, word.flags};
    if (s.Implies(meaning) && !said.Implies(meaning)) say(word.name, meaning);
  }
  if (s.lower < said.lower || s.upper < said.upper) {
    say(absl::StrCat("banded(", s.lower == kFullBand ? "inf" : absl::StrCat(s.lower), ", ",
                     s.upper == kFullBand ? "inf" : absl::StrCat(s.upper), ")"),
        {s.lower, s.upper, 0});
  }
  return words;
}

std::string Text(const std::vector<Said>& words) {
  return absl::StrJoin(words, " ", [](std::string* text, const Said& w) { text->append(w.word); });
}

bool IsSquare(const Shape& shape) { return shape.rank() >= 2 && shape.back(2) == shape.back(1); }

}  // namespace

std::string StructureToString(const Structure& s) {
  return Text(Words(s, DType::kF64, /*square=*/true));
}

std::string StructureToString(const Structure& s, DType dtype, const Shape& shape) {
  return Text(Words(s, dtype, IsSquare(shape)));
}

std::string WordThatSays(const Structure& fact, const Structure& s, DType dtype,
                         const Shape& shape) {
  const std::vector<Said> words = Words(s, dtype, IsSquare(shape));
  // The last, as banded(2, 0) comes after the lower that it is, too.
  const auto word = std::find_if(words.rbegin(), words.rend(), [&](const Said& w) {
    return Close(w.meaning, dtype, IsSquare(shape)).Implies(fact);
  });
  return word == words.rend() ? Text(words) : word->word;
}

bool AddStructureWord(absl::string_view word, Structure* s) {
  for (const Word& w : kWords) {
    if (w.name == word) {
      *s = Join(*s, {w.lower, w.upper, w.flags});
      return true;
    }
  }
  return false;
}

absl::Span<const absl::string_view> StructureWords() {
  static const auto* words = [] {
    auto* list = new std::vector<absl::string_view>;
    for (const Word& w : kWords) list->push_back(w.name);
    return list;
  }();
  return *words;
}

absl::string_view StructureWordMeaning(absl::string_view word) {
  const auto* w = std::find_if(std::begin(kWords), std::end(kWords),
                               [&](const Word& known) { return known.name == word; });
  return w == std::end(kWords) ? absl::string_view() : w->meaning;
}

}  // namespace otium

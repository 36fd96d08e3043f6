// SPDX-License-Identifier: Apache-2.0
#include "engine/base/structure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <complex>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "engine/base/tensor_type.h"

namespace otium {
namespace {

using Complex = std::complex<int>;

// A small matrix of (Gaussian) integers, on which every fact can be checked
// exactly.
struct Matrix {
  int rows, columns;
  std::vector<Complex> data;

  Complex operator()(int i, int j) const { return data[i * columns + j]; }
};

Complex Determinant(const Matrix& a, const std::vector<int>& index) {
  if (index.empty()) return 1;
  Complex sum = 0;
  std::vector<int> order = index;
  do {
    Complex product = 1;
    int inversions = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      product *= a(index[i], order[i]);
      for (size_t j = 0; j < i; ++j) inversions += order[j] > order[i] ? 1 : 0;
    }
    sum += inversions % 2 == 0 ? product : -product;
  } while (std::next_permutation(order.begin(), order.end()));
  return sum;
}

// The determinant of A.H A, which is not 0 just when the columns are independent.
bool HasIndependentColumns(const Matrix& a) {
  Matrix gram{a.columns, a.columns, {}};
  std::vector<int> all;
  for (int i = 0; i < a.columns; ++i) {
    all.push_back(i);
    for (int j = 0; j < a.columns; ++j) {
      Complex sum = 0;
      for (int r = 0; r < a.rows; ++r) sum += std::conj(a(r, i)) * a(r, j);
      gram.data.push_back(sum);
    }
  }
  return Determinant(gram, all) != Complex(0);
}

// Everything that is true of `a`, found by looking.
Structure Truth(const Matrix& a) {
  Structure s;
  s.lower = s.upper = 0;
  const bool square = a.rows == a.columns;
  bool symmetric = square, hermitian = square, unit = true, zero = true, ones = square;
  bool columns_are_orthonormal = true, permutation = square;
  for (int i = 0; i < a.rows; ++i) {
    int nonzeros_of_row = 0, nonzeros_of_column = 0;
    for (int j = 0; j < a.columns; ++j) {
      const Complex v = a(i, j);
      if (v != Complex(0)) {
        s.lower = std::max<int64_t>(s.lower, i - j);
        s.upper = std::max<int64_t>(s.upper, j - i);
        zero = false;
        ++nonzeros_of_row;
      }
      if (square) {
        symmetric = symmetric && v == a(j, i);
        hermitian = hermitian && v == std::conj(a(j, i));
        nonzeros_of_column += a(j, i) != Complex(0) ? 1 : 0;
      }
      if (i == j) unit = unit && v == Complex(1);
      ones = ones && v == Complex(i == j ? 1 : 0);
      permutation = permutation && (v == Complex(0) || v == Complex(1));
    }
    permutation = permutation && nonzeros_of_row == 1 && nonzeros_of_column == 1;
  }
  for (int i = 0; i < a.columns; ++i) {
    for (int j = 0; j < a.columns; ++j) {
      Complex sum = 0;
      for (int r = 0; r < a.rows; ++r) sum += std::conj(a(r, i)) * a(r, j);
      columns_are_orthonormal = columns_are_orthonormal && sum == Complex(i == j ? 1 : 0);
    }
  }
  // Definite: the leading minors are positive. Semidefinite: all principal
  // minors are at least zero.
  bool pd = hermitian, psd = hermitian;
  for (int set = 1; hermitian && set < (1 << a.rows); ++set) {
    std::vector<int> index;
    for (int i = 0; i < a.rows; ++i) {
      if ((set >> i & 1) != 0) index.push_back(i);
    }
    const int minor = Determinant(a, index).real();
    psd = psd && minor >= 0;
    if ((set & (set + 1)) == 0) pd = pd && minor > 0;
  }
  const bool full = HasIndependentColumns(a);
  const auto add = [&s](bool is_true, uint32_t flag) { s.flags |= is_true ? flag : 0; };
  add(symmetric, kSymmetric);
  add(hermitian, kHermitian);
  add(psd, kPsd);
  add(pd, kPd);
  add(square && full, kNonsingular);
  add(full, kFullColumnRank);
  add(columns_are_orthonormal, kOrthonormalColumns);
  add(square && columns_are_orthonormal, kOrthogonal);
  add(unit, kUnitDiagonal);
  add(ones, kIdentity);
  add(zero, kZero);
  add(permutation, kPermutation);
  return s;
}

// Real or Gaussian matrices of small entries, special ones among them.
std::vector<Matrix> Matrices(bool complex) {
  const std::vector<Complex> entries =
      complex ? std::vector<Complex>{0, 1, Complex(0, 1), Complex(1, 1), -1}
              : std::vector<Complex>{0, 1, 2, -1};
  std::vector<Matrix> matrices;
  std::mt19937 random(complex ? 1 : 2);
  for (int round = 0; round < 4000; ++round) {
    const int rows = 1 + static_cast<int>(random() % 3);
    const int columns = random() % 4 == 0 ? 1 + static_cast<int>(random() % 3) : rows;
    Matrix a{rows, columns, std::vector<Complex>(rows * columns)};
    const auto kind = random() % 5;
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < columns; ++j) {
        Complex v = entries[random() % entries.size()];
        if (kind == 1 && i != j) v = 0;
        if (kind == 2 && i < j) v = 0;
        if (kind == 3 && rows == columns && i > j) v = std::conj(a(j, i));
        if (kind == 3 && i == j) v = Complex(2 + v.real(), 0);
        if (kind == 4) v = j == (i + round) % columns ? 1 : 0;
        a.data[i * columns + j] = v;
      }
    }
    matrices.push_back(a);
  }
  return matrices;
}

TEST(StructureTest, WhatFollowsIsTrue) {
  // A rule that is not a theorem is a bug: from any part of the truth nothing
  // false may follow.
  std::mt19937 random(3);
  for (const bool complex : {false, true}) {
    const DType dtype = complex ? DType::kC128 : DType::kF64;
    for (const Matrix& a : Matrices(complex)) {
      const Structure truth = Truth(a);
      const Shape shape({a.rows, a.columns});
      for (int part = 0; part < 8; ++part) {
        Structure said;
        said.flags = truth.flags & random();
        if (random() % 2 == 0) said.lower = truth.lower;
        if (random() % 2 == 0) said.upper = truth.upper;
        const Structure normal = NormalizeStructure(said, dtype, shape);
        ASSERT_EQ(normal.flags & ~truth.flags, 0u)
            << StructureToString(said) << " gives " << StructureToString(normal);
        ASSERT_GE(normal.lower, truth.lower);
        ASSERT_GE(normal.upper, truth.upper);
        // What was said is still said, but for bands wider than the matrix.
        ASSERT_EQ(said.flags & ~normal.flags, 0u);
        ASSERT_EQ(NormalizeStructure(normal, dtype, shape), normal) << "normal twice is normal";
      }
    }
  }
}

Structure Word(absl::string_view word) {
  Structure s;
  EXPECT_TRUE(AddStructureWord(word, &s)) << word;
  return s;
}

TEST(StructureTest, ImplicationsThatKernelsRelyOn) {
  const Shape square({4, 4});
  const auto normal = [&](absl::string_view word, DType dtype = DType::kF64) {
    return NormalizeStructure(Word(word), dtype, square);
  };
  EXPECT_TRUE(normal("spd").Has(kPd | kPsd | kSymmetric | kHermitian | kNonsingular));
  EXPECT_FALSE(normal("spd", DType::kC64).Has(kSymmetric));
  EXPECT_TRUE(normal("identity").Has(kPd | kOrthogonal | kPermutation | kUnitDiagonal));
  EXPECT_TRUE(normal("identity").IsDiagonal());
  EXPECT_TRUE(normal("diagonal").Has(kSymmetric));
  EXPECT_TRUE(normal("unit_lower").Has(kNonsingular));
  EXPECT_TRUE(normal("orthogonal").Has(kNonsingular | kOrthonormalColumns));
  Structure psd = Word("psd");
  psd.flags |= kNonsingular;
  EXPECT_TRUE(NormalizeStructure(psd, DType::kF64, square).Has(kPd));
  // Symmetric and lower is diagonal.
  Structure both = Join(Word("symmetric"), Word("lower"));
  EXPECT_TRUE(NormalizeStructure(both, DType::kF64, square).IsDiagonal());
}

TEST(StructureTest, BandsWiderThanTheMatrixSayNothing) {
  Structure s;
  s.lower = 3;
  s.upper = 2;
  const Structure normal = NormalizeStructure(s, DType::kF64, {4, 4});
  EXPECT_EQ(normal.lower, kFullBand);
  EXPECT_EQ(normal.upper, 2);
  EXPECT_EQ(NormalizeStructure(s, DType::kF64, {Dim::Symbol("m"), 9}), s);
  EXPECT_TRUE(NormalizeStructure(s, DType::kF64, {5}).IsGeneral());
}

TEST(StructureTest, MeetAndJoin) {
  const Structure lower = Word("lower"), tri = Word("tridiagonal");
  EXPECT_EQ(Meet(lower, tri).lower, kFullBand);
  EXPECT_EQ(Meet(lower, tri).upper, 1);
  EXPECT_EQ(Join(lower, tri).lower, 1);
  EXPECT_EQ(Join(lower, tri).upper, 0);
  EXPECT_TRUE(Join(Word("spd"), lower).Implies(Word("spd")));
  EXPECT_FALSE(Meet(Word("spd"), lower).Implies(Word("spd")));
  EXPECT_EQ(AddBands(2, 3), 5);
  EXPECT_EQ(AddBands(2, kFullBand), kFullBand);
}

// What is printed says everything, so reading it back gives the same.
TEST(StructureTest, WordsRoundTrip) {
  const auto reread = [](const std::string& text, DType dtype, const Shape& shape) {
    Structure s;
    // The one word with blanks in it comes last.
    const size_t banded = text.find("banded(");
    for (absl::string_view word :
         absl::StrSplit(absl::string_view(text).substr(0, banded), ' ', absl::SkipEmpty())) {
      EXPECT_TRUE(AddStructureWord(word, &s)) << word << " in " << text;
    }
    if (banded != std::string::npos) {
      const size_t comma = text.find(", ", banded);
      const std::string lower = text.substr(banded + 7, comma - banded - 7);
      const std::string upper = text.substr(comma + 2, text.size() - comma - 3);
      s = Join(s, {lower == "inf" ? kFullBand : std::stoll(lower),
                   upper == "inf" ? kFullBand : std::stoll(upper), 0});
    }
    return NormalizeStructure(s, dtype, shape);
  };
  for (const bool complex : {false, true}) {
    const DType dtype = complex ? DType::kC64 : DType::kF32;
    for (const Matrix& a : Matrices(complex)) {
      const Shape shape({a.rows, a.columns});
      const Structure s = NormalizeStructure(Truth(a), dtype, shape);
      const std::string text = StructureToString(s, dtype, shape);
      ASSERT_TRUE(reread(text, dtype, shape) == s) << text << " of " << shape.ToString();
    }
  }
  EXPECT_EQ(StructureToString(NormalizeStructure(Word("spd"), DType::kF64, {3, 3})), "spd");
  TensorType type(DType::kF64, {3, 3});
  type.structure = NormalizeStructure(Join(Word("spd"), Word("diagonal")), type.dtype, type.shape);
  EXPECT_EQ(type.ToString(), "f64[3, 3] diagonal spd");
  EXPECT_EQ(StructureToString(Structure()), "");
  // What was said, of what follows from it.
  auto says = [](const char* word, const Structure& fact) {
    const Structure s = NormalizeStructure(Word(word), DType::kF64, {3, 3});
    return WordThatSays(fact, s, DType::kF64, {3, 3});
  };
  EXPECT_EQ(says("spd", Word("symmetric")), "spd");
  EXPECT_EQ(says("orthogonal", Word("orthonormal")), "orthogonal");
  EXPECT_EQ(says("unit_lower", Word("lower")), "unit_lower");
  const Structure band = NormalizeStructure({2, 0, 0}, DType::kF64, {4, 4});
  EXPECT_EQ(WordThatSays(Word("lower"), band, DType::kF64, {4, 4}), "banded(2, 0)");
  EXPECT_EQ(says("unit_lower", Word("unit_diagonal")), "unit_lower");
  EXPECT_EQ(StructureToString({2, kFullBand, 0}), "banded(2, inf)");
  for (absl::string_view word : StructureWords()) Word(word);
  Structure s;
  EXPECT_FALSE(AddStructureWord("banded", &s));
  EXPECT_FALSE(AddStructureWord("Symmetric", &s));
  EXPECT_TRUE(s.IsGeneral());
}

}  // namespace
}  // namespace otium

// SPDX-License-Identifier: Apache-2.0
//
// Declared structure on data, one element of which is wrong: the kernel of vectors and
// threads finds it wherever it lies, and says of it what the plain loops say.

#include <algorithm>
#include <cmath>
#include <complex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/otium.h"
#include "gtest/gtest.h"

namespace otium {
namespace {

struct Facts {
  const char* name;
  Structure structure;
};
const Facts kFacts[] = {
    {"symmetric", {.flags = kSymmetric}},
    {"lower", {.upper = 0}},
    {"strictly upper", {.lower = -1}},
    {"banded", {.lower = 2, .upper = 1}},
    {"unit lower", {.upper = 0, .flags = kUnitDiagonal}},
    {"zero", {.flags = kZero}},
    {"hermitian", {.flags = kHermitian}},
};

template <class T>
class StructureOfData : public testing::Test {};
using Types = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(StructureOfData, Types);

template <class T>
constexpr bool kIsComplex = !std::is_floating_point_v<T>;

// With imaginary parts that fit the symmetry, but for those of a hermitian diagonal, which
// nobody reads.
template <class T>
T Element(const Structure& s, int64_t i, int64_t j) {
  const double re = static_cast<double>(1 + (i * j) % 7);
  if constexpr (kIsComplex<T>) {
    const int64_t im = !s.Has(kHermitian) ? (i + j) % 3 : i == j ? 2 : (i - j) % 5;
    return T(re, static_cast<double>(im));
  } else {
    return static_cast<T>(re);
  }
}

template <class T>
std::vector<T> Matrix(const Structure& s, int64_t n) {
  std::vector<T> a(n * n);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      const bool below = s.lower != kFullBand && i - j > s.lower;
      const bool above = s.upper != kFullBand && j - i > s.upper;
      const bool zero = s.Has(kZero) || below || above;
      a[i * n + j] = zero ? T(0) : Element<T>(s, i, j);
      if (s.Has(kUnitDiagonal) && i == j) a[i * n + j] = 1;
    }
  }
  return a;
}

// What a run says of two such matrices, of which the second may be wrong.
template <class T>
std::string Status(const Structure& s, const std::vector<T>& good, const std::vector<T>& other,
                   int64_t n, bool transposed, bool reference) {
  constexpr DType kDType = DTypeOf<T>();
  std::vector<T> both = good;
  both.insert(both.end(), other.begin(), other.end());
  Tensor A = Tensor::Copy(both.data(), kDType, {2, n, n});
  if (transposed) {
    // The same matrices by columns.
    for (int64_t p = 0; p < 2; ++p) {
      T* const m = A.mutable_data<T>() + p * n * n;
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < i; ++j) std::swap(m[i * n + j], m[j * n + i]);
      }
    }
    A = Tensor(A.buffer(), 0, kDType, A.sizes(), {n * n, 1, n});
  }
  Function::Builder b("f");
  b.Output("z", sum(b.Input("A", kDType, {2, n, n}, s)));
  const absl::StatusOr<Program> program = Compile(*b.Build(), {.reference = reference});
  const absl::StatusOr<TensorMap> result = program->Run({{"A", A}});
  return std::string(result.status().message());
}

TYPED_TEST(StructureOfData, OneWrongElementIsFound) {
  using T = TypeParam;
  for (const Facts& facts : kFacts) {
    for (const int64_t n : {1, 5, 64, 65, 150}) {
      const std::vector<T> good = Matrix<T>(facts.structure, n);
      for (const bool transposed : {false, true}) {
        SCOPED_TRACE(testing::Message() << facts.name << " " << n << " " << transposed);
        ASSERT_EQ(Status(facts.structure, good, good, n, transposed, false), "");
        int found = 0;
        for (const auto& [i, j] :
             std::vector<std::pair<int64_t, int64_t>>{{0, 0},
                                                      {0, n - 1},
                                                      {n - 1, 0},
                                                      {n - 1, n - 1},
                                                      {n / 2, n / 2},
                                                      {n / 2, n - 1},
                                                      {n - 1, n / 2},
                                                      {n - 1, std::max<int64_t>(n - 3, 0)}}) {
          for (int kind = 0; kind < (kIsComplex<T> ? 5 : 4); ++kind) {
            std::vector<T> bad = good;
            T& wrong = bad[i * n + j];
            if constexpr (kIsComplex<T>) {
              if (kind == 4) wrong = std::conj(wrong) + T(0, 1e-3);
            }
            if (kind < 4) wrong = std::vector<T>{30, T(1e-3), T(NAN), T(INFINITY)}[kind];
            const std::string said = Status(facts.structure, good, bad, n, transposed, false);
            ASSERT_EQ(said, Status(facts.structure, good, bad, n, transposed, true))
                << i << " " << j << " " << wrong;
            found += !said.empty();
          }
        }
        // Of the lower ones, the corner at least.
        if (n > 1 || facts.structure.Has(kZero)) {
          EXPECT_GE(found, 4);
        }
      }
    }
  }
}

// As data: not finite on both sides of the diagonal.
TYPED_TEST(StructureOfData, WhatIsNotFiniteMayBeSymmetric) {
  using T = TypeParam;
  std::vector<T> a = Matrix<T>(kFacts[0].structure, 70);
  a[3 * 70 + 68] = a[68 * 70 + 3] = T(NAN);
  EXPECT_EQ(Status(kFacts[0].structure, a, a, 70, false, false), "");
}

}  // namespace
}  // namespace otium

// SPDX-License-Identifier: Apache-2.0
//
// Divide and conquer, by LAPACK's ratios, on matrices that deflate nothing, something and
// everything; the same bits by any threads.

#include "backends/cpu/tridiagonal_eigen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "backends/cpu/parallel.h"
#include "backends/cpu/scratch.h"
#include "gtest/gtest.h"

namespace otium::cpu {
namespace {

template <class T>
struct Tridiagonal {
  std::string name;
  std::vector<T> diagonal, beside;
};

template <class T>
struct Eigen {
  int64_t code;
  std::vector<T> values, vectors;
  std::vector<int32_t> order;
};

template <class T>
Eigen<T> Solved(const Tridiagonal<T>& t) {
  const auto n = static_cast<int64_t>(t.diagonal.size());
  Workspace counted(nullptr);
  const TridiagonalEigenArrays<T> sizes(counted, n);
  const Scratch<char> memory(counted.used());
  Workspace workspace(memory.data());
  Eigen<T> e{0, t.diagonal, std::vector<T>(n * n, NAN), std::vector<int32_t>(n)};
  std::vector<T> beside = t.beside;
  e.code =
      TridiagonalEigen<T>(e.values.data(), beside.data(), TridiagonalEigenArrays<T>(workspace, n),
                          RowMajor(e.vectors.data(), n, n), e.order.data());
  return e;
}

template <class T>
class TridiagonalEigenTest : public testing::Test {
 protected:
  static constexpr double kEpsilon = std::numeric_limits<T>::epsilon();
  std::mt19937 random{11};

  std::vector<Tridiagonal<T>> Kinds(int64_t n) {
    std::normal_distribution<double> normal;
    std::vector<Tridiagonal<T>> kinds;
    const auto add = [&](const char* name, auto diagonal, auto beside) {
      Tridiagonal<T> t{name, {}, {}};
      for (int64_t i = 0; i < n; ++i) t.diagonal.push_back(static_cast<T>(diagonal(i)));
      for (int64_t i = 0; i + 1 < n; ++i) t.beside.push_back(static_cast<T>(beside(i)));
      kinds.push_back(t);
    };
    const auto is = [](double x) { return [x](int64_t) { return x; }; };
    const auto any = [&](int64_t) { return normal(random); };
    const double huge = std::is_same_v<T, float> ? 1e30 : 1e300;
    add("zero", is(0), is(0));
    add("identity", is(1), is(0));
    add("diagonal", any, is(0));
    add("random", any, any);
    add("second difference", is(2), is(-1));
    add("equal, next to nothing beside", is(1), is(kEpsilon / 4));
    add("equal, little beside", is(1), is(std::sqrt(kEpsilon)));
    add(
        "graded", [n](int64_t i) { return std::pow(10, -12.0 * double(i) / double(n)); },
        [n](int64_t i) { return std::pow(10, -12.0 * double(i + 1) / double(n)); });
    add("large, little beside", any, [&](int64_t i) { return i % 7 == 3 ? 1e-9 : any(i); });
    // Wilkinson's, glued: each value is there many times, nearly.
    add(
        "glued", [](int64_t i) { return std::abs(double(i % 21) - 10); },
        [](int64_t i) { return i % 21 == 20 ? std::sqrt(kEpsilon) : 1; });
    add("large beside", is(0), [&](int64_t i) { return 1e3 * (1 + std::abs(any(i))); });
    add(
        "huge", [&](int64_t i) { return huge * any(i); }, [&](int64_t i) { return huge * any(i); });
    add(
        "tiny", [&](int64_t i) { return any(i) / huge; }, [&](int64_t i) { return any(i) / huge; });
    return kinds;
  }

  // |T z - w z| / (n |T| eps) and |I - Z Z.T| / (n eps), in the largest elements, below 30.
  void Check(const Tridiagonal<T>& t) {
    const Eigen<T> e = Solved(t);
    ASSERT_EQ(e.code, 0);
    const auto n = static_cast<int64_t>(t.diagonal.size());
    double norm = std::numeric_limits<T>::min();
    for (const T x : t.diagonal) norm = std::max(norm, std::abs(double(x)));
    for (const T x : t.beside) norm = std::max(norm, std::abs(double(x)));
    const double allowed = 30 * static_cast<double>(n) * kEpsilon;
    std::vector<bool> seen(n);
    for (int64_t k = 0; k < n; ++k) {
      ASSERT_FALSE(seen[e.order[k]]);
      seen[e.order[k]] = true;
      if (k > 0) {
        ASSERT_LE(e.values[e.order[k - 1]], e.values[e.order[k]]);
      }
      const T *const z = &e.vectors[k * n], w = e.values[k];
      for (int64_t i = 0; i < n; ++i) {
        double error = (t.diagonal[i] / norm - w / norm) * z[i];
        if (i > 0) error += t.beside[i - 1] / norm * z[i - 1];
        if (i + 1 < n) error += t.beside[i] / norm * z[i + 1];
        ASSERT_NEAR(error, 0, allowed) << "row " << k;
      }
      for (int64_t other = 0; other <= k; ++other) {
        double gram = 0;
        for (int64_t i = 0; i < n; ++i) gram += double(z[i]) * e.vectors[other * n + i];
        ASSERT_NEAR(gram, other == k, allowed) << "rows " << k << " " << other;
      }
    }
  }
};

using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(TridiagonalEigenTest, Types);

// A part that is not halved has up to 24 rows.
TYPED_TEST(TridiagonalEigenTest, Ratios) {
  for (const int64_t n : {1, 2, 23, 24, 25, 26, 33, 47, 48, 49, 50, 51, 100, 131, 270}) {
    for (const auto& t : this->Kinds(n)) {
      SCOPED_TRACE(testing::Message() << t.name << " " << n);
      this->Check(t);
    }
  }
}

TYPED_TEST(TridiagonalEigenTest, SameBitsForAnyThreads) {
  const int before = Threads();
  for (const auto& t : this->Kinds(430)) {
    SetThreads(1);
    const auto one = Solved(t);
    for (const int threads : {2, 3}) {
      SetThreads(threads);
      const auto e = Solved(t);
      EXPECT_EQ(e.values, one.values) << t.name;
      EXPECT_EQ(e.vectors, one.vectors) << t.name;
      EXPECT_EQ(e.order, one.order) << t.name;
    }
  }
  SetThreads(before);
}

}  // namespace
}  // namespace otium::cpu

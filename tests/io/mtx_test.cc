// SPDX-License-Identifier: Apache-2.0
#include "engine/io/mtx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <complex>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/io/temp_folder.h"

namespace otium {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Complex = std::complex<double>;

constexpr absl::string_view kBanner = "%%MatrixMarket matrix ";

std::string ErrorOf(absl::string_view text) {
  const absl::StatusOr<Tensor> matrix = ParseMtx(text);
  if (matrix.ok()) return "OK";
  EXPECT_EQ(matrix.status().code(), absl::StatusCode::kInvalidArgument) << matrix.status();
  return std::string(matrix.status().message());
}
std::string ErrorOf(absl::string_view header, absl::string_view body) {
  return ErrorOf(absl::StrCat(kBanner, header, "\n", body));
}
Tensor Parsed(absl::string_view header, absl::string_view body) {
  absl::StatusOr<Tensor> matrix = ParseMtx(absl::StrCat(kBanner, header, "\n", body));
  EXPECT_TRUE(matrix.ok()) << matrix.status();
  return matrix.ok() ? *matrix : Tensor();
}

TEST(MtxTest, Coordinate) {
  const Tensor m = Parsed("coordinate real general",
                          "% a comment\n\n2 3 4\n1 1 1.5\n2 3 -2e-1\n1 1 +1\n1 2 inf");
  EXPECT_THAT(m.sizes(), ElementsAre(2, 3));
  EXPECT_THAT(m.ToVector<double>(),
              ElementsAre(2.5, std::numeric_limits<double>::infinity(), 0, 0, 0, -0.2))
      << "entries given twice are summed";
}

TEST(MtxTest, SymmetriesAreExpanded) {
  const absl::string_view lower = "2 2 2\n1 1 3\n2 1 5\n";
  EXPECT_THAT(Parsed("coordinate integer symmetric", lower).ToVector<int64_t>(),
              ElementsAre(3, 5, 5, 0));
  EXPECT_THAT(Parsed("coordinate integer skew-symmetric", "2 2 1\n2 1 5\n").ToVector<int64_t>(),
              ElementsAre(0, -5, 5, 0));
  EXPECT_THAT(Parsed("coordinate complex hermitian", "2 2 2\n1 1 3 0\n2 1 5 1").ToVector<Complex>(),
              ElementsAre(Complex(3), Complex(5, -1), Complex(5, 1), Complex(0)));
  EXPECT_THAT(Parsed("coordinate pattern symmetric", "2 2 1\n2 1").ToVector<double>(),
              ElementsAre(0, 1, 1, 0));
}

TEST(MtxTest, ArraysRunDownTheColumns) {
  EXPECT_THAT(Parsed("array real general", "2 3\n1\n2\n3\n4\n5\n6\n").ToVector<double>(),
              ElementsAre(1, 3, 5, 2, 4, 6));
  EXPECT_THAT(Parsed("array integer symmetric", "3 3\n1\n2\n3\n4\n5\n6").ToVector<int64_t>(),
              ElementsAre(1, 2, 3, 2, 4, 5, 3, 5, 6));
  EXPECT_THAT(Parsed("array integer skew-symmetric", "3 3\n1\n2\n3").ToVector<int64_t>(),
              ElementsAre(0, -1, -2, 1, 0, -3, 2, 3, 0));
  EXPECT_THAT(Parsed("array real skew-symmetric", "1 1\n").ToVector<double>(), ElementsAre(0));
  EXPECT_THAT(Parsed("array real general", "0 5\n").sizes(), ElementsAre(0, 5));
  EXPECT_THAT(Parsed("ARRAY Real GENERAL", "1\t1\r\n  7.  \r\n").ToVector<double>(),
              ElementsAre(7));
}

TEST(MtxTest, EntriesStayAsTheyAre) {
  const absl::StatusOr<CooMatrix> m = ParseMtxEntries(
      absl::StrCat(kBanner, "coordinate real symmetric\n900000000 900000000 2\n3 1 5\n2 2 0\n"));
  ASSERT_TRUE(m.ok()) << m.status();
  EXPECT_EQ(m->rows, 900000000);
  EXPECT_THAT(m->indices.sizes(), ElementsAre(2, 3));
  EXPECT_THAT(m->indices.ToVector<int64_t>(), ElementsAre(2, 0, 1, 0, 2, 1));
  EXPECT_THAT(m->values.ToVector<double>(), ElementsAre(5, 5, 0));
  EXPECT_THAT(
      std::string(
          ParseMtxEntries(absl::StrCat(kBanner, "array real general\n1 1\n1")).status().message()),
      HasSubstr("dense"));
}

TEST(MtxTest, ErrorsNameTheLine) {
  EXPECT_EQ(ErrorOf("coordinate real general", "2 2 2\n1 1 1\n\n% x\n1 3 1\n"),
            "line 6: column 3 is not between 1 and 2");
  EXPECT_EQ(ErrorOf("coordinate real general", "2 2 1\n0 1 1\n"),
            "line 3: row 0 is not between 1 and 2");
  EXPECT_EQ(ErrorOf("coordinate real general", "2 2 1\n1 1\n"),
            "line 3: a number is expected, not ''");
  EXPECT_EQ(ErrorOf("coordinate real general", "2 2 1\n1 1 1 1\n"),
            "line 3: '1' is more than belongs on this line");
  EXPECT_EQ(ErrorOf("coordinate real general", "2 2 1\n1 1 0x10\n"),
            "line 3: a number is expected, not '0x10'");
  EXPECT_EQ(ErrorOf("coordinate real general", "2 2 1\n1 1 1e999\n"),
            "line 3: '1e999' is beyond the range of f64");
  EXPECT_EQ(ErrorOf("coordinate integer general", "2 2 1\n1 1 1.5\n"),
            "line 3: an integer is expected, not '1.5'");
  EXPECT_EQ(ErrorOf("coordinate integer general", "2 2 1\n1 1 9223372036854775808\n"),
            "line 3: an integer '9223372036854775808' overflows 64 bits");
  EXPECT_EQ(ErrorOf("coordinate real general", "2 2 2\n1 1 1\n"),
            "line 4: the file ends after 1 of 2 entries");
  EXPECT_EQ(ErrorOf("coordinate real general", "2 2 1\n1 1 1\n1 1 1\n"),
            "line 4: an entry more than the file says it has");
  EXPECT_EQ(ErrorOf("array real general", "2 1\n1\n2\n3\n"),
            "line 5: an entry more than the file says it has");
  EXPECT_EQ(ErrorOf("array real general", "2 1\n1\x1b[31m\n2\n"),
            "line 3: a number is expected, not '1\\x1b[31m'");
}

TEST(MtxTest, BadHeaders) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("not a Matrix Market file"));
  EXPECT_THAT(ErrorOf("1 2 3\n"), HasSubstr("not a Matrix Market file"));
  EXPECT_THAT(ErrorOf("%%MatrixMarket tensor\n"), HasSubstr("line 1: the object 'tensor'"));
  EXPECT_THAT(ErrorOf("csr real general", ""), HasSubstr("none of coordinate, array"));
  EXPECT_THAT(ErrorOf("array quaternion general", ""),
              HasSubstr("none of real, integer, complex, pattern"));
  EXPECT_THAT(ErrorOf("array real lower", ""), HasSubstr("the symmetry 'lower'"));
  EXPECT_THAT(ErrorOf("array real", ""), HasSubstr("the symmetry ''"));
  EXPECT_THAT(ErrorOf("array real general x", ""), HasSubstr("more than belongs"));
  EXPECT_THAT(ErrorOf("array pattern general", ""), HasSubstr("cannot be a pattern"));
  EXPECT_THAT(ErrorOf("coordinate pattern skew-symmetric", ""), HasSubstr("skew"));
  EXPECT_THAT(ErrorOf("array real hermitian", ""), HasSubstr("only a complex"));
  EXPECT_THAT(ErrorOf("array real general", "% x\n"), HasSubstr("line 3: the line of sizes"));
  EXPECT_THAT(ErrorOf("array real symmetric", "2 3\n"), HasSubstr("has no symmetry"));
  EXPECT_THAT(ErrorOf("array real general", "-1 3\n"), HasSubstr("negative"));
}

TEST(MtxTest, SymmetricFilesHoldOneTriangle) {
  EXPECT_THAT(ErrorOf("coordinate real symmetric", "2 2 1\n1 2 1\n"), HasSubstr("above"));
  EXPECT_THAT(ErrorOf("coordinate real skew-symmetric", "2 2 1\n1 1 1\n"), HasSubstr("diagonal"));
  EXPECT_THAT(ErrorOf("coordinate complex hermitian", "2 2 1\n1 1 1 1\n"), HasSubstr("not real"));
}

TEST(MtxTest, ClaimsBeyondTheFileAllocateNothing) {
  EXPECT_THAT(ErrorOf("coordinate real general", "9 9 4611686018427387904\n"),
              HasSubstr("too short"));
  EXPECT_THAT(ErrorOf("array real general", "4294967296 4294967296\n"), HasSubstr("too short"));
  EXPECT_THAT(ErrorOf("array real symmetric", "100000 100000\n"), HasSubstr("too short"));
  for (const char* sizes : {"1000000 1000000 0\n", "4611686018427387904 4611686018427387904 0\n"}) {
    EXPECT_EQ(ParseMtx(absl::StrCat(kBanner, "coordinate real general\n", sizes)).status().code(),
              absl::StatusCode::kResourceExhausted);
  }
}

TEST(MtxTest, WriteAndReadBack) {
  TempFolder folder;
  const double tenth = 0.1, tiny = 5e-324;
  ASSERT_TRUE(WriteMtx(Tensor::Of<double>({{tenth, 1}, {-2, tiny}}), folder / "a.mtx").ok());
  EXPECT_EQ(folder.Read("a.mtx"),
            "%%MatrixMarket matrix array real general\n2 2\n0.1\n-2\n1\n5e-324\n");
  EXPECT_THAT(ReadMtx(folder / "a.mtx")->ToVector<double>(), ElementsAre(tenth, 1, -2, tiny));
  const Tensor t = Tensor::Of<int64_t>({{1, 2, 3}, {4, 5, 6}});
  const Tensor transposed(t.buffer(), 0, DType::kI64, {3, 2}, {1, 3});
  ASSERT_TRUE(WriteMtx(transposed, folder / "a.mtx").ok());
  EXPECT_THAT(ReadMtx(folder / "a.mtx")->ToVector<int64_t>(), ElementsAre(1, 4, 2, 5, 3, 6));
  ASSERT_TRUE(WriteMtx(Tensor::Of<bool>({{true, false}}), folder / "a.mtx").ok());
  EXPECT_THAT(ReadMtx(folder / "a.mtx")->ToVector<int64_t>(), ElementsAre(1, 0));
  ASSERT_TRUE(WriteMtx(Tensor::Of<Float16>({{Float16(0.1f)}}), folder / "a.mtx").ok());
  EXPECT_EQ(Float16(static_cast<float>(ReadMtx(folder / "a.mtx")->ToVector<double>()[0])).bits,
            Float16(0.1f).bits);
  EXPECT_EQ(WriteMtx(Tensor::Of<double>({1, 2}), folder / "b.mtx").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(folder.List(), ElementsAre("a.mtx"));
}

}  // namespace
}  // namespace otium

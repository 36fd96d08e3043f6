// SPDX-License-Identifier: Apache-2.0
#include "engine/io/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <limits>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/io/temp_folder.h"

namespace otium {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A file of version `major` with this dictionary and these bytes after it.
std::string File(absl::string_view dict, absl::string_view data = "", int major = 1) {
  std::string file =
      absl::StrCat("\x93NUMPY", std::string(1, static_cast<char>(major)), std::string(1, '\0'));
  const size_t length = dict.size();
  for (int i = 0; i < (major == 1 ? 2 : 4); ++i) {
    file.push_back(static_cast<char>((length >> (8 * i)) & 0xff));
  }
  return absl::StrCat(file, dict, data);
}

std::string Dict(absl::string_view descr, absl::string_view shape,
                 absl::string_view order = "False") {
  return absl::StrCat("{'descr': '", descr, "', 'fortran_order': ", order, ", 'shape': ", shape,
                      ", }\n");
}

std::string ErrorOf(absl::string_view bytes) {
  const absl::StatusOr<Tensor> tensor = ParseNpy(bytes);
  if (tensor.ok()) return "OK";
  EXPECT_EQ(tensor.status().code(), absl::StatusCode::kInvalidArgument) << tensor.status();
  return std::string(tensor.status().message());
}

TEST(NpyTest, RoundTripOfEveryDTypeAndRank) {
  TempFolder folder;
  for (int d = 0; d < kNumDTypes; ++d) {
    const auto dtype = static_cast<DType>(d);
    for (const Sizes& sizes : {Sizes{}, Sizes{0}, Sizes{5}, Sizes{2, 3}, Sizes{3, 0, 2},
                               Sizes(kMaxRank, 1), Sizes{2, 1, 3, 1, 2}}) {
      absl::StatusOr<Tensor> tensor = Tensor::Allocate(dtype, sizes);
      ASSERT_TRUE(tensor.ok());
      const int64_t bytes = tensor->NumElements() * ItemSize(dtype);
      for (int64_t i = 0; i < bytes; ++i) {
        tensor->mutable_data<uint8_t>()[i] = dtype == DType::kBool ? i % 2 : (i * 37 + 11) % 256;
      }
      ASSERT_TRUE(WriteNpy(*tensor, folder / "a.npy").ok());
      for (const bool mmap : {false, true}) {
        const absl::StatusOr<Tensor> read = ReadNpy(folder / "a.npy", {.mmap = mmap});
        ASSERT_TRUE(read.ok()) << read.status();
        EXPECT_TRUE(Tensor::BitwiseEqual(*tensor, *read)) << ShortType(tensor->type());
        EXPECT_FALSE(mmap && read->IsUnique()) << "a mapped file cannot be overwritten";
      }
      const absl::StatusOr<std::string> text = NpyToString(*tensor);
      ASSERT_TRUE(text.ok());
      EXPECT_EQ(*text, folder.Read("a.npy"));
      EXPECT_TRUE(Tensor::BitwiseEqual(*tensor, *ParseNpy(*text)));
    }
  }
}

TEST(NpyTest, FortranOrderIsStridesNotACopy) {
  TempFolder folder;
  const double data[] = {1, 2, 3, 4, 5, 6};
  const std::string path = folder.Write(
      "f.npy", File(absl::StrCat(Dict("<f8", "(2, 3)", "True"), "    \n"),
                    absl::string_view(reinterpret_cast<const char*>(data), sizeof(data))));
  const absl::StatusOr<Tensor> tensor = ReadNpy(path);
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_THAT(tensor->strides(), ElementsAre(1, 2));
  EXPECT_THAT(tensor->ToVector<double>(), ElementsAre(1, 3, 5, 2, 4, 6));
  // And it is written as it lies.
  const std::string again = *NpyToString(*tensor);
  EXPECT_THAT(again, HasSubstr("'fortran_order': True"));
  EXPECT_TRUE(Tensor::BitwiseEqual(*ParseNpy(again), *tensor));
}

TEST(NpyTest, OtherStridesAreMadeDense) {
  const std::vector<int64_t> data = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const Tensor whole = Tensor::Copy(data.data(), DType::kI64, {3, 4});
  const Tensor view(whole.buffer(), 3 * sizeof(int64_t), DType::kI64, {3, 2}, {4, -2});
  const absl::StatusOr<Tensor> read = ParseNpy(*NpyToString(view));
  ASSERT_TRUE(read.ok());
  EXPECT_THAT(read->ToVector<int64_t>(), ElementsAre(3, 1, 7, 5, 11, 9));
}

TEST(NpyTest, MappedDataIsAlignedAndSharesTheFile) {
  TempFolder folder;
  ASSERT_TRUE(WriteNpy(Tensor::Of<float>({1, 2, 3}), folder / "a.npy").ok());
  const absl::StatusOr<Tensor> tensor = ReadNpy(folder / "a.npy");
  ASSERT_TRUE(tensor.ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor->data()) % 64, 0u);
  EXPECT_GT(tensor->byte_offset(), 0) << "a view of the mapping";
  // The file may be replaced while it is mapped: the old pages stay.
  ASSERT_TRUE(WriteNpy(Tensor::Of<float>({9}), folder / "a.npy").ok());
  EXPECT_THAT(tensor->ToVector<float>(), ElementsAre(1, 2, 3));
}

TEST(NpyTest, MisalignedDataIsCopied) {
  TempFolder folder;
  const double data[] = {1.5, 2.5};
  for (int pad = 0; pad < 9; ++pad) {
    const std::string path = folder.Write(
        "m.npy", File(absl::StrCat(Dict("<f8", "(2,)"), std::string(pad, ' ')),
                      absl::string_view(reinterpret_cast<const char*>(data), sizeof(data))));
    const absl::StatusOr<Tensor> tensor = ReadNpy(path);
    ASSERT_TRUE(tensor.ok()) << tensor.status();
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor->data()) % 8, 0u);
    EXPECT_THAT(tensor->ToVector<double>(), ElementsAre(1.5, 2.5));
  }
}

TEST(NpyTest, AnyByteThatIsNotZeroIsTrue) {
  TempFolder folder;
  const std::string file = File(Dict("|b1", "(4,)"), absl::string_view("\x00\x01\x02\xff", 4));
  for (const absl::StatusOr<Tensor>& tensor :
       {ParseNpy(file), ReadNpy(folder.Write("b.npy", file))}) {
    ASSERT_TRUE(tensor.ok());
    EXPECT_EQ(absl::string_view(tensor->data<char>(), 4), absl::string_view("\x00\x01\x01\x01", 4));
  }
}

TEST(NpyTest, VersionsAndSpellings) {
  const std::string data(8, '\0');
  for (int major = 1; major <= 3; ++major) {
    EXPECT_EQ(ErrorOf(File(Dict("<f8", "(1,)"), data, major)), "OK");
  }
  EXPECT_EQ(ErrorOf(File("{\"shape\":(2L,1),\"fortran_order\":True,\"descr\":\"<i4\"}", data)),
            "OK");
  EXPECT_EQ(ErrorOf(File("  { 'descr' : '<i4' ,\n'fortran_order':False,'shape':(2,)}  ", data)),
            "OK");
  EXPECT_EQ(ErrorOf(File(Dict("<i8", "()"), data)), "OK");
  EXPECT_EQ(ErrorOf(File(Dict("|V2", "(4,)"), data)), "OK");
}

TEST(NpyTest, ForeignDTypesAreRefusedByNameWithAdvice) {
  const auto error = [](absl::string_view descr) { return ErrorOf(File(Dict(descr, "(0,)"))); };
  EXPECT_EQ(error(">f8"),
            "the numbers are big-endian ('>f8'), and Otium reads little-endian ones; in NumPy, "
            "save a.astype('<f8') instead");
  EXPECT_THAT(error(">c16"), HasSubstr("a.astype('<c16')"));
  EXPECT_EQ(error("|u1"),
            "the dtype is uint8 ('|u1'), which Otium has not; in NumPy, save a.astype('<i4') "
            "instead");
  EXPECT_THAT(error("|i1"), HasSubstr("int8"));
  EXPECT_THAT(error("<u8"), HasSubstr("uint64"));
  EXPECT_THAT(error(">i2"), HasSubstr("int16"));
  EXPECT_THAT(error("<f16"), HasSubstr("longdouble"));
  EXPECT_THAT(error("<c32"), HasSubstr("clongdouble"));
  EXPECT_THAT(error("<M8[ns]"), HasSubstr("dates"));
  EXPECT_THAT(error("<m8[s]"), HasSubstr("time spans"));
  EXPECT_THAT(error("<U7"), HasSubstr("text"));
  EXPECT_THAT(error("|S3"), HasSubstr("text"));
  EXPECT_THAT(error("|O"), HasSubstr("pickled"));
  EXPECT_THAT(error("|V8"), HasSubstr("void"));
  EXPECT_THAT(error(""), HasSubstr("not a dtype"));
  EXPECT_THAT(error("f8"), HasSubstr("not a dtype"));
  EXPECT_THAT(ErrorOf(File("{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (1,)}")),
              HasSubstr("a['field']"));
}

TEST(NpyTest, LyingLengths) {
  const std::string good = File(Dict("<f8", "(2, 3)"), std::string(48, '\0'));
  EXPECT_EQ(ErrorOf(good), "OK");
  EXPECT_EQ(ErrorOf(good.substr(0, good.size() - 1)),
            "the .npy file is truncated: the header says f64[2, 3], which is 48 bytes, but only 47 "
            "follow");
  EXPECT_THAT(ErrorOf(good + "x"), HasSubstr("longer than its array"));
  // Every prefix of a good file is refused.
  for (size_t n = 0; n < good.size(); ++n) EXPECT_NE(ErrorOf(good.substr(0, n)), "OK") << n;
  // The header's own length, too long and too short.
  std::string lying = good;
  lying[8] = '\xff';
  lying[9] = '\xff';
  EXPECT_THAT(ErrorOf(lying), HasSubstr("no array needs that"));
  lying[9] = '\x10';
  EXPECT_THAT(ErrorOf(lying), HasSubstr("ends in its header"));
  lying[8] = '\x04';
  lying[9] = '\x00';
  EXPECT_THAT(ErrorOf(lying), HasSubstr("does not end"));
  EXPECT_THAT(ErrorOf(absl::StrCat("\x93NUMPY\x02", std::string(1, '\0'), "\xff\xff\xff\xff{")),
              HasSubstr("claims a header of 4294967295 bytes"));
}

TEST(NpyTest, SizesThatOverflowOrAreNoSizes) {
  const auto error = [](absl::string_view shape) { return ErrorOf(File(Dict("<f8", shape))); };
  EXPECT_THAT(error("(9223372036854775808,)"), HasSubstr("a size overflows"));
  EXPECT_THAT(error("(99999999999999999999999999,)"), HasSubstr("a size overflows"));
  EXPECT_THAT(error("(-1,)"), HasSubstr("negative"));
  EXPECT_THAT(error("(3)"), HasSubstr("not a tuple"));
  EXPECT_THAT(error("((3,),)"), HasSubstr("a size is expected"));
  EXPECT_THAT(error("(3, (4, 5))"), HasSubstr("a size is expected"));
  EXPECT_THAT(error("(3 4)"), HasSubstr("',' or ')'"));
  EXPECT_THAT(error("(3,,4)"), HasSubstr("a size is expected"));
  EXPECT_THAT(error("(,)"), HasSubstr("a size is expected"));
  EXPECT_THAT(error("(1.5,)"), HasSubstr("',' or ')'"));
  EXPECT_THAT(error("(1e3,)"), HasSubstr("',' or ')'"));
  EXPECT_THAT(error("3"), HasSubstr("'(' is expected"));
  EXPECT_THAT(error("[3]"), HasSubstr("'(' is expected"));
  EXPECT_THAT(error(absl::StrCat("(", std::string(10000, '('))), HasSubstr("a size is expected"));
  std::string many = "(1";
  for (int i = 0; i < kMaxRank; ++i) many += ", 1";
  EXPECT_THAT(error(many + ")"), HasSubstr("more than 16 dimensions"));
  // The product overflows although each factor fits; also next to a zero, as
  // NumPy has it.
  for (const char* shape :
       {"(4294967296, 4294967296)", "(9223372036854775807,)", "(4294967296, 4294967296, 0)"}) {
    EXPECT_EQ(ParseNpy(File(Dict("<f8", shape))).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_THAT(error("(1152921504606846975,)"), HasSubstr("truncated"));
}

TEST(NpyTest, BrokenDictionaries) {
  const std::string data(8, '\0');
  const auto error = [&data](absl::string_view dict) { return ErrorOf(File(dict, data)); };
  EXPECT_THAT(error("{'fortran_order': False, 'shape': (1,)}"), HasSubstr("'descr' is missing"));
  EXPECT_THAT(error("{'descr': '<f8', 'shape': (1,)}"), HasSubstr("'fortran_order' is missing"));
  EXPECT_THAT(error("{'descr': '<f8', 'fortran_order': False}"), HasSubstr("'shape' is missing"));
  EXPECT_THAT(error("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}"),
              HasSubstr("'descr' stands twice"));
  EXPECT_THAT(error("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'x': 1}"),
              HasSubstr("a key that"));
  EXPECT_THAT(error("{'descr': '<f8' 'fortran_order': False, 'shape': (1,)}"),
              HasSubstr("',' or '}'"));
  EXPECT_THAT(error("{'descr': '<f8', 'fortran_order': 1, 'shape': (1,)}"),
              HasSubstr("True or False"));
  EXPECT_THAT(error("{'descr': 8, 'fortran_order': False, 'shape': (1,)}"),
              HasSubstr("a quoted word"));
  EXPECT_THAT(error("{'descr': '\\x3cf8', 'fortran_order': False, 'shape': (1,)}"),
              HasSubstr("a character"));
  EXPECT_THAT(error(Dict("<f8", "(1,)") + "x"), HasSubstr("text after"));
  EXPECT_THAT(error(""), HasSubstr("'{' is expected"));
  EXPECT_THAT(error("{"), HasSubstr("a quoted word"));
  EXPECT_THAT(error("{'descr"), HasSubstr("does not end"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("empty"));
  EXPECT_THAT(ErrorOf("PK\x03\x04"), HasSubstr("not an .npy file"));
  EXPECT_THAT(ErrorOf(File(Dict("<f8", "(1,)"), data, 4)), HasSubstr("version 4.0"));
}

TEST(NpyTest, FilesThatCannotBeRead) {
  TempFolder folder;
  const std::string missing = folder / "missing.npy";
  EXPECT_EQ(
      ReadNpy(missing).status(),
      absl::NotFoundError(absl::StrCat(missing, ": cannot be opened: No such file or directory")));
  EXPECT_EQ(ReadNpy(folder.path()).status(), absl::FailedPreconditionError(absl::StrCat(
                                                 folder.path(), ": is a directory, not a file")));
  EXPECT_EQ(ReadNpy("/dev/zero").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadNpy(std::string("a\0.npy", 6)).status().code(), absl::StatusCode::kInvalidArgument);
  const std::string empty = folder.Write("empty.npy", "");
  EXPECT_EQ(ReadNpy(empty).status(), absl::InvalidArgumentError(absl::StrCat(
                                         empty, ": the file is empty, not an .npy file")));
}

TEST(NpyTest, PipesAreReadToTheirEnd) {
  TempFolder folder;
  const std::string path = folder / "pipe.npy";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::vector<double> values(50000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
  const Tensor tensor = Tensor::Copy(values.data(), DType::kF64, {50000});
  absl::Status written;
  std::thread writer([&] { written = WriteNpy(tensor, path); });
  const absl::StatusOr<Tensor> read = ReadNpy(path);
  writer.join();
  EXPECT_TRUE(written.ok()) << written;
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(Tensor::BitwiseEqual(tensor, *read));
}

}  // namespace
}  // namespace otium

// SPDX-License-Identifier: Apache-2.0
#include "engine/io/tensor_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/io/temp_folder.h"

namespace otium {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

TEST(TensorFileTest, PathsAreTakenApart) {
  EXPECT_EQ(ParseTensorPath("a/b.npy")->kind, FileKind::kNpy);
  EXPECT_EQ(ParseTensorPath("B.NPY")->kind, FileKind::kNpy);
  EXPECT_EQ(ParseTensorPath("w.mtx")->kind, FileKind::kMtx);
  const TensorPath set = *ParseTensorPath("set.npz:layer:0.npy");
  EXPECT_EQ(set.kind, FileKind::kNpz);
  EXPECT_EQ(set.path, "set.npz");
  EXPECT_EQ(set.member, "layer:0.npy");
  EXPECT_EQ(ParseTensorPath("C:dir/set.npz")->member, "");
  EXPECT_EQ(ParseTensorPath("a.txt").status(),
            absl::InvalidArgumentError("a.txt: the kind of file is not known by its name; Otium "
                                       "knows .npy, .npz, .mtx"));
  EXPECT_FALSE(ParseTensorPath("").ok());
  EXPECT_FALSE(ParseTensorPath("a.npy:b").ok());
}

TEST(TensorFileTest, EveryKindRoundTrips) {
  TempFolder folder;
  const Tensor t = Tensor::Of<double>({{1, 2}, {3, 4}});
  for (const char* name : {"a.npy", "a.npz", "a.mtx"}) {
    ASSERT_TRUE(SaveTensors({{"t", t}}, folder / name).ok());
    const absl::StatusOr<Tensor> read = LoadTensor(folder / name);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE(Tensor::BitwiseEqual(t, *read));
    EXPECT_EQ(LoadTensors(folder / name)->size(), 1u);
  }
  EXPECT_TRUE(Tensor::BitwiseEqual(t, *LoadTensor(folder / "a.npz:t", {.mmap = false})));
}

TEST(TensorFileTest, SeveralArrays) {
  TempFolder folder;
  const Tensor t = Tensor::Scalar(1.0);
  const std::string set = folder / "set.npz";
  ASSERT_TRUE(SaveTensors({{"a", t}, {"b", t}}, set).ok());
  EXPECT_THAT(MessageOf(LoadTensor(set).status()), HasSubstr(absl::StrCat("as in ", set, ":a")));
  EXPECT_EQ((*LoadTensors(set))[1].name, "b");
  EXPECT_EQ((*LoadTensors(set + ":b"))[0].name, "b");
  EXPECT_EQ(LoadTensor(set + ":c").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(LoadTensor(set + ":").status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(MessageOf(SaveTensors({{"a", t}, {"b", t}}, folder / "a.npy")),
              HasSubstr("there are 2; write .npz instead"));
  EXPECT_FALSE(SaveTensors({}, folder / "a.npy").ok());
  EXPECT_FALSE(SaveTensors({{"a", t}}, folder / "x.npz:a").ok());
  EXPECT_FALSE(SaveTensors({{"a", t}}, folder / "x.txt").ok());
  ASSERT_TRUE(SaveTensors({}, folder / "none.npz").ok());
  EXPECT_THAT(MessageOf(LoadTensor(folder / "none.npz").status()), HasSubstr("holds 0 arrays"));
}

TEST(TensorFileTest, TheErrorsOfEveryKind) {
  TempFolder folder;
  for (const char* name : {"m.npy", "m.npz", "m.npz:a", "m.mtx", "m.txt"}) {
    const absl::Status status = LoadTensor(folder / name).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
    EXPECT_THAT(MessageOf(status), HasSubstr(folder / "m."));
  }
  for (const char* name : {"d.npy", "d.npz", "d.mtx", "d"}) {
    std::filesystem::create_directory(folder / name);
    EXPECT_EQ(
        LoadTensor(folder / name).status(),
        absl::FailedPreconditionError(absl::StrCat(folder / name, ": is a directory, not a file")));
  }
  for (const char* name : {"e.npy", "e.npz", "e.mtx", "e.txt"}) {
    const absl::Status status = LoadTensor(folder.Write(name, "rubbish")).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(MessageOf(status), HasSubstr(absl::StrCat(folder / name, ": ")));
  }
  // An error in a file names it once, and says where.
  const std::string path =
      folder.Write("f.mtx", "%%MatrixMarket matrix array real general\n1 1\nx\n");
  EXPECT_EQ(MessageOf(LoadTensor(path).status()),
            absl::StrCat(path, ": line 3: a number is expected, not 'x'"));
}

}  // namespace
}  // namespace otium

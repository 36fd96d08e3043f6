// SPDX-License-Identifier: Apache-2.0
//
// Otium's files and texts against NumPy's and SciPy's: numpy_cases.py writes
// files and the texts to match, Otium reads, compares and writes back, and
// numpy_cases.py checks what it wrote. Needs a Python with NumPy and SciPy;
// $OTIUM_PYTHON names it.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/half.h"
#include "engine/io/mtx.h"
#include "engine/io/npy.h"
#include "engine/io/npz.h"
#include "engine/io/print.h"
#include "tests/io/temp_folder.h"

namespace otium {
namespace {

int Python(absl::string_view command, const std::string& folder) {
  const char* python = getenv("OTIUM_PYTHON");
  return system(absl::StrCat(python != nullptr ? python : "/usr/bin/python3",
                             " tests/io/numpy_cases.py ", command, " ", folder)
                    .c_str());
}

class NumpyTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder;
    ASSERT_EQ(Python("write", folder_->path()), 0);
  }
  static void TearDownTestSuite() { delete folder_; }

  static std::vector<std::string> Lines(const std::string& file) {
    return absl::StrSplit(folder_->Read(file), '\n');
  }
  static Tensor Read(const std::string& file) {
    absl::StatusOr<Tensor> tensor = ReadNpy(*folder_ / file);
    EXPECT_TRUE(tensor.ok()) << tensor.status();
    return tensor.ok() ? *std::move(tensor) : Tensor();
  }
  // As above, from a file that is known to be in C order.
  static Tensor Wanted(const std::string& file) {
    const Tensor tensor = Read(file);
    EXPECT_TRUE(tensor.IsContiguous()) << file;
    return tensor;
  }

  static TempFolder* folder_;
};
TempFolder* NumpyTest::folder_ = nullptr;

TEST_F(NumpyTest, ReadsWhatNumpyWrites) {
  const std::vector<std::string> names = Lines("names");
  ASSERT_GT(names.size(), 250u);
  for (const std::string& name : names) {
    EXPECT_TRUE(Tensor::BitwiseEqual(Read(name + ".npy"), Wanted(name + ".want"))) << name;
  }
  for (const char* name : {"version2", "version3"}) {
    EXPECT_TRUE(Tensor::BitwiseEqual(Read(absl::StrCat(name, ".npy")),
                                     Wanted(absl::StrCat(name, ".want"))));
  }
  for (const char* file : {"stored.npz", "deflated.npz", "streamed.npz"}) {
    const absl::StatusOr<NpzReader> reader = NpzReader::Open(*folder_ / file);
    ASSERT_TRUE(reader.ok()) << reader.status();
    EXPECT_EQ(reader->names(), names);
    for (const std::string& name : names) {
      const absl::StatusOr<Tensor> tensor = reader->Read(name);
      ASSERT_TRUE(tensor.ok()) << tensor.status();
      EXPECT_TRUE(Tensor::BitwiseEqual(*tensor, Wanted(name + ".want"))) << file << " " << name;
    }
  }
}

TEST_F(NumpyTest, ReadsWhatScipyWrites) {
  for (const std::string& name : Lines("mtx_names")) {
    const absl::StatusOr<Tensor> matrix = ReadMtx(*folder_ / (name + ".mtx"));
    ASSERT_TRUE(matrix.ok()) << matrix.status();
    EXPECT_TRUE(Tensor::BitwiseEqual(*matrix, Wanted(name + ".mtxwant"))) << name;
  }
}

TEST_F(NumpyTest, NumpyReadsWhatOtiumWrites) {
  std::vector<NamedTensor> all;
  for (const std::string& name : Lines("names")) {
    const Tensor tensor = Read(name + ".npy");
    all.push_back({name, tensor});
    ASSERT_TRUE(WriteNpy(tensor, *folder_ / ("out_" + name + ".npy")).ok());
    // The same elements as every other one of an array of twice the last size.
    Sizes sizes(tensor.sizes().begin(), tensor.sizes().end());
    const Sizes dense = ContiguousStrides(sizes);
    Sizes strides = dense;
    for (int64_t& stride : strides) stride *= 2;
    const Tensor store =
        *Tensor::Allocate(tensor.dtype(), {2 * std::max<int64_t>(tensor.NumElements(), 1)});
    const Tensor view(store.buffer(), 0, tensor.dtype(), sizes, strides);
    CopyStrided(tensor.data(), tensor.strides(), store.buffer()->data(), strides, sizes,
                ItemSize(tensor.dtype()));
    ASSERT_TRUE(WriteNpy(view, *folder_ / ("out_" + name + "_view.npy")).ok());
  }
  ASSERT_TRUE(WriteNpz(all, *folder_ / "out_stored.npz").ok());
  ASSERT_TRUE(WriteNpz(all, *folder_ / "out_deflated.npz", NpzCompression::kDeflated).ok());
  const Tensor bf16 = Tensor::Of<BFloat16>({BFloat16(1.5f), BFloat16(-2.0f)});
  ASSERT_TRUE(WriteNpy(bf16, *folder_ / "out_bf16.npy").ok());
  EXPECT_TRUE(Tensor::BitwiseEqual(Read("out_bf16.npy"), bf16));
  for (const std::string& name : Lines("mtx_names")) {
    ASSERT_TRUE(WriteMtx(Wanted(name + ".mtxwant"), *folder_ / ("out_" + name + ".mtx")).ok());
  }
  // The zip64 forms, at sizes far below those that need them.
  absl::StatusOr<AtomicFile> file = AtomicFile::Create(*folder_ / "out_zip64.zip");
  ASSERT_TRUE(file.ok());
  ZipWriter zip(&*file, /*zip64_from=*/500);
  const std::string big(1000, 'z');
  ASSERT_TRUE(zip.Add("big", ZipMethod::kStored, {big}).ok());
  ASSERT_TRUE(zip.Add("deflated", ZipMethod::kDeflated, {big, "s"}).ok());
  ASSERT_TRUE(zip.Add("small", ZipMethod::kStored, {"s"}).ok());
  ASSERT_TRUE(zip.Finish().ok());
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(Python("check", folder_->path()), 0);
}

TEST_F(NumpyTest, PrintsAsNumpy) {
  const std::vector<std::string> texts = absl::StrSplit(folder_->Read("print.txt"), '\0');
  const absl::StatusOr<NpzReader> reader = NpzReader::Open(*folder_ / "print.npz");
  ASSERT_TRUE(reader.ok()) << reader.status();
  const std::vector<std::string> names = reader->names();
  ASSERT_EQ(names.size(), texts.size());
  int different = 0;
  for (size_t i = 0; i < names.size() && different < 10; ++i) {
    const std::vector<std::string> words = absl::StrSplit(names[i], ' ');
    TensorPrintOptions options;
    ASSERT_TRUE(absl::SimpleAtoi(words[0], &options.max_elements));
    ASSERT_TRUE(absl::SimpleAtoi(words[1], &options.precision));
    ASSERT_TRUE(absl::SimpleAtoi(words[2], &options.line_width));
    const absl::StatusOr<Tensor> tensor = reader->Read(names[i]);
    ASSERT_TRUE(tensor.ok()) << tensor.status();
    const std::string text = *FormatTensor(*tensor, options);
    different += text != texts[i] ? 1 : 0;
    EXPECT_EQ(text, texts[i]) << names[i] << " " << ShortType(tensor->type());
  }
}

TEST_F(NumpyTest, PrintsEveryHalf) {
  const std::vector<std::string> texts = absl::StrSplit(folder_->Read("halves.txt"), '\0');
  const Tensor halves = Read("halves.npy");
  ASSERT_EQ(texts.size(), 65536u);
  for (int i = 0; i < 65536; ++i) {
    const std::string text = *FormatTensor(Tensor::Scalar(halves.data<Float16>()[i]));
    ASSERT_EQ(text, texts[i]) << i;
  }
}

TEST_F(NumpyTest, HalvesConvertAsInNumpy) {
  const Tensor to_float = Wanted("half_to_float.npy");
  for (uint32_t i = 0; i < 65536; ++i) {
    const float ours = Float16::ToFloat(static_cast<uint16_t>(i));
    const float numpys = to_float.data<float>()[i];
    // Bit for bit, but for the quiet bit that x86 sets in a NaN it moves.
    if (numpys == numpys) {
      ASSERT_EQ(std::bit_cast<uint32_t>(ours), std::bit_cast<uint32_t>(numpys)) << i;
    } else {
      ASSERT_TRUE(ours != ours) << i;
    }
  }
  const Tensor floats = Wanted("floats.npy"), halves = Wanted("float_to_half.npy");
  for (int64_t i = 0; i < floats.NumElements(); ++i) {
    const float f = floats.data<float>()[i];
    const auto ours = Float16::FromFloat(f);
    const auto numpys = static_cast<uint16_t>(halves.data<int32_t>()[i]);
    if (f == f) {
      ASSERT_EQ(ours, numpys) << f;
    } else {
      ASSERT_EQ(ours & 0xfe00, 0x7e00 | (numpys & 0x8000))
          << "a NaN stays a quiet NaN, with its sign";
    }
  }
}

}  // namespace
}  // namespace otium

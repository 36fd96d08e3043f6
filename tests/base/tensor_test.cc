// SPDX-License-Identifier: Apache-2.0
#include "engine/base/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <complex>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/block_cache.h"
#include "engine/base/hash.h"

namespace otium {
namespace {

using ::testing::ElementsAre;

TEST(TensorTest, FromValues) {
  EXPECT_THAT(Tensor().sizes(), ElementsAre(0));
  EXPECT_EQ(Tensor().dtype(), DType::kF32);
  const Tensor m = Tensor::Of<float>({{1, 2, 3}, {4, 5, 6}});
  EXPECT_THAT(m.sizes(), ElementsAre(2, 3));
  EXPECT_THAT(m.strides(), ElementsAre(3, 1));
  EXPECT_EQ(ShortType(m.type()), "f32[2, 3]");
  EXPECT_THAT(m.ToVector<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(Tensor::Scalar(int64_t{7}).rank(), 0);
  EXPECT_EQ(Tensor::Scalar(int64_t{7}).NumElements(), 1);
  EXPECT_THAT(Tensor::Of<bool>({{true}, {false}}).ToVector<bool>(), ElementsAre(true, false));
  EXPECT_THAT(Tensor::Of<std::complex<float>>({{1, 2}}).ToVector<std::complex<float>>(),
              ElementsAre(1, 2));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(m.data()) % kBufferAlignment, 0u);
}

TEST(TensorTest, AllocateRefusesWhatCannotBe) {
  EXPECT_EQ(Tensor::Allocate(DType::kF64, {int64_t{1} << 60, 100}).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Tensor::Allocate(DType::kF64, {int64_t{1} << 59}).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Tensor::Allocate(DType::kF64, {-1}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(*CheckedNumBytes(DType::kC128, {3, 0, 5}), 0);
  EXPECT_EQ(*CheckedNumBytes(DType::kC128, {}), 16);
  EXPECT_TRUE(Tensor::Allocate(DType::kBool, {0, 1000000000}).ok());
}

TEST(TensorTest, CopiesShareAndUniqueOnesMayBeWritten) {
  Tensor a = Tensor::Of<double>({1, 2});
  EXPECT_TRUE(a.IsUnique());
  {
    const Tensor b = a;
    EXPECT_EQ(a.data(), b.data());
    EXPECT_FALSE(a.IsUnique());
  }
  EXPECT_TRUE(a.IsUnique());
  a.mutable_data<double>()[0] = 9;
  EXPECT_THAT(a.ToVector<double>(), ElementsAre(9, 2));
  EXPECT_EQ(a.Contiguous().data(), a.data()) << "dense already";
}

TEST(TensorTest, BorrowedMemoryIsReturnedOnceAndNeverUnique) {
  float data[] = {0, 1, 2, 3, 4, 5};
  int returned = 0;
  {
    const Tensor t = Tensor::Borrow(data, DType::kF32, {2, 3}, {3, 1}, [&](void* p) {
      EXPECT_EQ(p, data);
      ++returned;
    });
    const Tensor copy = t;
    EXPECT_EQ(t.data(), data);
    EXPECT_EQ(t.buffer()->bytes(), 24);
    EXPECT_FALSE(t.buffer()->owned());
  }
  EXPECT_EQ(returned, 1);
  const Tensor alone = Tensor::Borrow(data, DType::kF32, {6}, {1}, nullptr);
  EXPECT_FALSE(alone.IsUnique()) << "its owner sees it";
  // From the last element backwards.
  const Tensor reversed = Tensor::Borrow(data + 5, DType::kF32, {6}, {-1}, nullptr);
  EXPECT_THAT(reversed.ToVector<float>(), ElementsAre(5, 4, 3, 2, 1, 0));
  EXPECT_EQ(reversed.buffer()->bytes(), 4);
  const Tensor nothing = Tensor::Borrow(nullptr, DType::kF32, {0}, {1}, nullptr);
  EXPECT_TRUE(Tensor::BitwiseEqual(nothing, Tensor()));
}

TEST(TensorTest, Contiguity) {
  const Tensor t = Tensor::Of<float>({{1, 2, 3}, {4, 5, 6}});
  const auto view = [&](Sizes sizes, Sizes strides) {
    return Tensor(t.buffer(), 0, DType::kF32, sizes, strides);
  };
  EXPECT_TRUE(t.IsContiguous());
  EXPECT_FALSE(view({3, 2}, {1, 3}).IsContiguous());
  EXPECT_TRUE(view({3, 2}, {1, 3}).Contiguous().IsContiguous());
  EXPECT_TRUE(view({1, 6}, {77, 1}).IsContiguous()) << "the stride of a size 1 says nothing";
  EXPECT_TRUE(view({0, 5}, {9, 9}).IsContiguous());
  EXPECT_FALSE(view({2, 2}, {3, 1}).IsContiguous());
  EXPECT_FALSE(view({6}, {0}).IsContiguous());
  EXPECT_TRUE(view({}, {}).IsContiguous());
}

TEST(TensorTest, BitwiseEqual) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(Tensor::BitwiseEqual(Tensor::Of<double>({nan}), Tensor::Of<double>({nan})));
  EXPECT_FALSE(Tensor::BitwiseEqual(Tensor::Of<double>({0.0}), Tensor::Of<double>({-0.0})));
  EXPECT_FALSE(Tensor::BitwiseEqual(Tensor::Of<double>({1}), Tensor::Of<int64_t>({1})));
  EXPECT_FALSE(Tensor::BitwiseEqual(Tensor::Of<double>({{1}}), Tensor::Of<double>({1})));
  const Tensor t = Tensor::Of<float>({{1, 2}, {3, 4}});
  EXPECT_TRUE(Tensor::BitwiseEqual(Tensor(t.buffer(), 0, DType::kF32, {2, 2}, {1, 2}),
                                   Tensor::Of<float>({{1, 3}, {2, 4}})));
}

// Random strides, negative and zero ones too, against one index at a time.
TEST(TensorTest, CopyStridedAgainstIndexArithmetic) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    const int rank = static_cast<int>(random() % 5);
    Sizes sizes, from;
    int64_t count = 1, low = 0, high = 0;
    for (int d = 0; d < rank; ++d) {
      sizes.push_back(static_cast<int64_t>(random() % 4));
      from.push_back(static_cast<int64_t>(random() % 13) - 6);
      count *= sizes[d];
      const int64_t reach = std::max<int64_t>(sizes[d] - 1, 0) * from[d];
      (reach < 0 ? low : high) += reach;
    }
    std::vector<int32_t> source(high - low + 1);
    for (size_t i = 0; i < source.size(); ++i) source[i] = static_cast<int32_t>(i);
    std::vector<int32_t> got(count), expected;
    CopyStrided(source.data() - low, from, got.data(), ContiguousStrides(sizes), sizes, 4);
    for (int64_t i = 0; i < count; ++i) {
      int64_t rest = i, at = -low;
      for (int d = rank; d-- > 0;) {
        at += rest % sizes[d] * from[d];
        rest /= sizes[d];
      }
      expected.push_back(source[at]);
    }
    ASSERT_EQ(got, expected);
  }
}

TEST(BlockCacheTest, LargeBlocksAreKeptForTheNextTaker) {
  const int64_t large = int64_t{5} << 20;
  void* block = AllocateBlock(large);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % kBufferAlignment, 0u);
  std::memset(block, 1, large);
  FreeBlock(block, large);
  // A little less rounds up to the same block.
  void* again = AllocateBlock(large - 100);
  EXPECT_EQ(again, block);
  FreeBlock(again, large - 100);
}

TEST(BlockCacheTest, EverySizeIsAlignedAndWholeToItsEnd) {
  for (int64_t bytes : {int64_t{0}, int64_t{1}, int64_t{63}, int64_t{65}, (int64_t{1} << 20) - 1,
                        int64_t{1} << 20, (int64_t{1} << 20) + 1, int64_t{2} << 20,
                        (int64_t{2} << 20) + 1, (int64_t{9} << 20) + 12345}) {
    auto* block = static_cast<char*>(AllocateBlock(bytes));
    ASSERT_NE(block, nullptr) << bytes;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % kBufferAlignment, 0u) << bytes;
    if (bytes > 0) block[0] = block[bytes - 1] = 1;
    FreeBlock(block, bytes);
  }
  EXPECT_EQ(AllocateBlock(int64_t{1} << 61), nullptr);
  EXPECT_EQ(AllocateBlock(std::numeric_limits<int64_t>::max()), nullptr);
}

TEST(BlockCacheTest, ManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 200; ++i) {
        const int64_t bytes = (int64_t{1} << 20) + (i % 7) * 200000;
        auto* block = static_cast<char*>(AllocateBlock(bytes));
        block[0] = block[bytes - 1] = static_cast<char>(t);
        EXPECT_EQ(block[0], t) << "nobody else has this block";
        EXPECT_EQ(block[bytes - 1], t);
        FreeBlock(block, bytes);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(HashTest, StableAndSensitiveToBoundaries) {
  // The same in every process, and as long as files on disk are keyed by it.
  const Hash128 hash = Hasher().Add(uint64_t{1}).Add(absl::string_view("otium")).Finish();
  EXPECT_EQ(hash.high, 0x0bffb6fc1b570ad7u);
  EXPECT_EQ(hash.low, 0x82cb9eb413d90da8u);
  const auto of = [](absl::string_view a, absl::string_view b) {
    return Hasher().Add(a).Add(b).Finish();
  };
  EXPECT_FALSE(of("ab", "c") == of("a", "bc"));
  EXPECT_FALSE(of("", "a") == of("a", ""));
  EXPECT_FALSE(of("12345678", "") == of("12345679", ""));
  EXPECT_FALSE(of("123456789", "") == of("123456788", ""));
}

}  // namespace
}  // namespace otium

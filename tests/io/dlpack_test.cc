// SPDX-License-Identifier: Apache-2.0
#include "engine/io/dlpack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "engine/io/dlpack_abi.h"

namespace otium {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Somebody else's array, which counts how often it was given back.
struct Lender {
  std::vector<float> data = {0, 1, 2, 3, 4, 5};
  std::vector<int64_t> shape = {2, 3};
  std::vector<int64_t> strides = {3, 1};
  int returned = 0;
  DLManagedTensor managed = {};

  Lender() {
    managed.dl_tensor = {data.data(),  {kDLCPU, 0},    2, {kDLFloat, 32, 1},
                         shape.data(), strides.data(), 0};
    managed.manager_ctx = this;
    managed.deleter = [](DLManagedTensor* self) {
      ++static_cast<Lender*>(self->manager_ctx)->returned;
    };
  }
  std::string Error() {
    const absl::StatusOr<Tensor> tensor = FromDLPack(&managed);
    EXPECT_FALSE(tensor.ok());
    EXPECT_EQ(returned, 0) << "what was refused is still the caller's";
    return std::string(tensor.status().message());
  }
};

TEST(DLPackTest, ImportSharesAndReturnsOnce) {
  Lender lender;
  {
    const Tensor tensor = *FromDLPack(&lender.managed);
    EXPECT_EQ(tensor.data(), lender.data.data());
    EXPECT_FALSE(tensor.IsUnique()) << "the lender's memory is not ours to write";
    const Tensor copy = tensor;
    EXPECT_THAT(copy.ToVector<float>(), ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_EQ(lender.returned, 0);
  }
  EXPECT_EQ(lender.returned, 1);
}

TEST(DLPackTest, StridesAndOffsets) {
  Lender lender;
  lender.managed.dl_tensor.strides = nullptr;
  EXPECT_THAT(FromDLPack(&lender.managed)->ToVector<float>(), ElementsAre(0, 1, 2, 3, 4, 5));
  lender.managed.dl_tensor.strides = lender.strides.data();
  lender.strides = {-3, -1};
  lender.managed.dl_tensor.byte_offset = 5 * sizeof(float);
  EXPECT_THAT(FromDLPack(&lender.managed)->ToVector<float>(), ElementsAre(5, 4, 3, 2, 1, 0));
  lender.managed.dl_tensor.byte_offset = 0;
  lender.strides = {0, 0};
  EXPECT_THAT(FromDLPack(&lender.managed)->ToVector<float>(), ElementsAre(0, 0, 0, 0, 0, 0));
  lender.managed.dl_tensor.ndim = 0;
  lender.managed.dl_tensor.shape = nullptr;
  lender.managed.dl_tensor.strides = nullptr;
  EXPECT_THAT(FromDLPack(&lender.managed)->ToVector<float>(), ElementsAre(0));
  lender.managed.deleter = nullptr;
  EXPECT_TRUE(FromDLPack(&lender.managed).ok());
}

TEST(DLPackTest, MisalignedAndEmptyOnesAreCopiedAndReturnedAtOnce) {
  Lender lender;
  std::vector<char> bytes(25);
  std::memcpy(bytes.data() + 1, lender.data.data(), 24);
  lender.managed.dl_tensor.data = bytes.data();
  lender.managed.dl_tensor.byte_offset = 1;
  const Tensor tensor = *FromDLPack(&lender.managed);
  EXPECT_EQ(lender.returned, 1);
  EXPECT_THAT(tensor.ToVector<float>(), ElementsAre(0, 1, 2, 3, 4, 5));
  lender.shape = {0, 3};
  lender.managed.dl_tensor.data = nullptr;
  lender.managed.dl_tensor.byte_offset = 0;
  EXPECT_THAT(FromDLPack(&lender.managed)->sizes(), ElementsAre(0, 3));
  EXPECT_EQ(lender.returned, 2);
}

TEST(DLPackTest, Refusals) {
  Lender lender;
  DLTensor& t = lender.managed.dl_tensor;
  t.device = {kDLCUDA, 0};
  EXPECT_THAT(lender.Error(), HasSubstr("device type 2"));
  t.device = {kDLCPU, 0};
  t.dtype = {kDLUInt, 8, 1};
  EXPECT_THAT(lender.Error(), HasSubstr("uint8, which Otium has not"));
  t.dtype = {kDLFloat, 32, 4};
  EXPECT_THAT(lender.Error(), HasSubstr("float32x4"));
  t.dtype = {kDLFloat, 32, 1};
  t.ndim = 17;
  EXPECT_THAT(lender.Error(), HasSubstr("rank 17"));
  t.ndim = -1;
  EXPECT_THAT(lender.Error(), HasSubstr("rank -1"));
  t.ndim = 2;
  t.shape = nullptr;
  EXPECT_THAT(lender.Error(), HasSubstr("null"));
  t.shape = lender.shape.data();
  t.data = nullptr;
  EXPECT_THAT(lender.Error(), HasSubstr("null"));
  t.data = lender.data.data();
  lender.shape = {-1, 3};
  EXPECT_THAT(lender.Error(), HasSubstr("negative"));
  lender.shape = {int64_t{1} << 40, int64_t{1} << 40};
  EXPECT_THAT(lender.Error(), HasSubstr("overflows"));
  lender.shape = {2, 3};
  for (const int64_t stride :
       {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(), int64_t{1} << 61,
        -(int64_t{1} << 61)}) {
    lender.strides = {stride, 1};
    EXPECT_THAT(lender.Error(), HasSubstr("overflows")) << stride;
  }
  EXPECT_FALSE(FromDLPack(static_cast<DLManagedTensor*>(nullptr)).ok());
  DLManagedTensorVersioned future = {};
  future.version = {2, 0};
  EXPECT_THAT(std::string(FromDLPack(&future).status().message()), HasSubstr("version 2.0"));
}

TEST(DLPackTest, RoundTripOfEveryDType) {
  for (int i = 0; i < kNumDTypes; ++i) {
    Tensor tensor = *Tensor::Allocate(static_cast<DType>(i), {3, 2});
    std::memset(tensor.mutable_data(), 1, tensor.buffer()->bytes());
    DLManagedTensorVersioned* managed = *ToDLPackVersioned(tensor);
    EXPECT_EQ(managed->version.major, 1u);
    const Tensor back = *FromDLPack(managed);
    EXPECT_TRUE(Tensor::BitwiseEqual(tensor, back));
    EXPECT_EQ(tensor.data(), back.data());
  }
}

TEST(DLPackTest, OnlyWhatIsHandedOverMayBeWritten) {
  Tensor tensor = Tensor::Of<float>({1, 2, 3});
  const void* data = tensor.data();
  // Shared: read-only, and since the old form cannot say so, copied.
  DLManagedTensorVersioned* versioned = *ToDLPackVersioned(tensor);
  EXPECT_EQ(versioned->flags, kDLPackReadOnly);
  EXPECT_EQ(versioned->dl_tensor.data, data);
  versioned->deleter(versioned);
  DLManagedTensor* managed = *ToDLPack(tensor);
  EXPECT_NE(managed->dl_tensor.data, data);
  static_cast<float*>(managed->dl_tensor.data)[0] = 9;
  managed->deleter(managed);
  EXPECT_THAT(tensor.ToVector<float>(), ElementsAre(1, 2, 3));
  // Handed over.
  managed = *ToDLPack(std::move(tensor));
  EXPECT_EQ(managed->dl_tensor.data, data);
  EXPECT_EQ(managed->dl_tensor.ndim, 1);
  EXPECT_EQ(managed->dl_tensor.shape[0], 3);
  EXPECT_EQ(managed->dl_tensor.strides[0], 1);
  managed->deleter(managed);
  versioned = *ToDLPackVersioned(Tensor::Of<float>({1}));
  EXPECT_EQ(versioned->flags, 0u);
  versioned->deleter(versioned);
}

}  // namespace
}  // namespace otium

// SPDX-License-Identifier: Apache-2.0
#include "engine/io/atomic_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "tests/io/temp_folder.h"

namespace otium {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(AtomicFileTest, AppearsOnlyOnCommit) {
  TempFolder folder;
  absl::StatusOr<AtomicFile> file = AtomicFile::Create(folder / "a");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE(file->Append("one ").ok());
  ASSERT_TRUE(file->Append("two").ok());
  EXPECT_EQ(file->size(), 7);
  EXPECT_EQ(access((folder / "a").c_str(), F_OK), -1);
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(folder.Read("a"), "one two");
  EXPECT_THAT(folder.List(), ElementsAre("a"));
}

TEST(AtomicFileTest, AbandonedLeavesTheOldFileAndNothingElse) {
  TempFolder folder;
  folder.Write("a", "old");
  {
    absl::StatusOr<AtomicFile> file = AtomicFile::Create(folder / "a");
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->Append("new").ok());
  }
  EXPECT_EQ(folder.Read("a"), "old");
  EXPECT_THAT(folder.List(), ElementsAre("a"));
}

TEST(AtomicFileTest, FullDiskIsAnErrorAndLeavesNothing) {
  TempFolder folder;
  folder.Write("a", "old");
  // A limit on the size of files stands in for a full disk: write() fails
  // half-way with EFBIG as it would with ENOSPC.
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status written = WriteFileAtomically(folder / "a", std::string(5000, 'x'));
  absl::StatusOr<AtomicFile> file = AtomicFile::Create(folder / "b");
  ASSERT_TRUE(file.ok());
  const absl::Status appended = file->Append(std::string(5000, 'x'));
  const absl::Status committed = file->Commit();
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  EXPECT_EQ(written.code(), absl::StatusCode::kResourceExhausted) << written;
  EXPECT_THAT(std::string(written.message()), HasSubstr(folder / "a"));
  EXPECT_EQ(appended.code(), absl::StatusCode::kResourceExhausted) << appended;
  EXPECT_FALSE(committed.ok()) << "half a file must not be put in place";
  EXPECT_EQ(folder.Read("a"), "old");
  EXPECT_THAT(folder.List(), ElementsAre("a"));
}

TEST(AtomicFileTest, FullDevice) {
  const absl::Status status = WriteFileAtomically("/dev/full", "x");
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(status.message(), "/dev/full: cannot be written: No space left on device");
}

TEST(AtomicFileTest, DevicesAreWrittenDirectly) {
  EXPECT_TRUE(WriteFileAtomically("/dev/null", "x").ok());
  struct stat info;
  ASSERT_EQ(stat("/dev/null", &info), 0);
  EXPECT_TRUE(S_ISCHR(info.st_mode));
}

TEST(AtomicFileTest, LinksAreFollowed) {
  TempFolder folder;
  folder.Write("target", "old");
  ASSERT_EQ(symlink("target", (folder / "link").c_str()), 0);
  ASSERT_TRUE(WriteFileAtomically(folder / "link", "new").ok());
  struct stat info;
  ASSERT_EQ(lstat((folder / "link").c_str(), &info), 0);
  EXPECT_TRUE(S_ISLNK(info.st_mode));
  EXPECT_EQ(folder.Read("target"), "new");
}

TEST(AtomicFileTest, KeepsPermissions) {
  TempFolder folder;
  ASSERT_EQ(chmod(folder.Write("a", "old").c_str(), 0640), 0);
  ASSERT_TRUE(WriteFileAtomically(folder / "a", "new").ok());
  struct stat info;
  ASSERT_EQ(stat((folder / "a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
}

TEST(AtomicFileTest, Refusals) {
  TempFolder folder;
  EXPECT_EQ(WriteFileAtomically(folder.path(), "x").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(WriteFileAtomically(folder / "new/", "x").code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(WriteFileAtomically(folder / "missing/a", "x").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(WriteFileAtomically("", "x").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(WriteFileAtomically(folder / std::string("a\0b", 3), "x").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(folder.List(), IsEmpty());
}

}  // namespace
}  // namespace otium

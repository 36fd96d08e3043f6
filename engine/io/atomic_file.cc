// SPDX-License-Identifier: Apache-2.0
#include "engine/io/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/io/file.h"

namespace otium {
namespace {

constexpr size_t kWriteChunk = size_t{64} << 20;

// Fits beside any name, is hidden, and says whose it is if a kill leaves it.
std::string TemporaryName(absl::string_view target) {
  static std::atomic<uint32_t> count{0};
  const size_t slash = target.rfind('/');
  const absl::string_view folder =
      slash == absl::string_view::npos ? absl::string_view() : target.substr(0, slash + 1);
  return absl::StrCat(folder, ".otium-", getpid(), "-", count.fetch_add(1), ".tmp");
}

}  // namespace

absl::StatusOr<AtomicFile> AtomicFile::Create(absl::string_view path) {
  AtomicFile file;
  file.path_ = std::string(path);
  if (path.empty()) return absl::InvalidArgumentError("an output file has an empty name");
  if (file.path_.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError("a file name cannot hold a zero byte");
  }
  char resolved[PATH_MAX];
  // Fails when the file is not there yet, or is a link to nothing.
  file.target_ = realpath(file.path_.c_str(), resolved) != nullptr ? resolved : file.path_;
  struct stat info;
  const bool exists = stat(file.target_.c_str(), &info) == 0;
  if ((exists && S_ISDIR(info.st_mode)) || path.back() == '/') {
    return absl::FailedPreconditionError(absl::StrCat(path, ": is a directory, not a file"));
  }
  if (exists && !S_ISREG(info.st_mode)) {
    file.fd_ = open(file.target_.c_str(), O_WRONLY | O_CLOEXEC);
    if (file.fd_ < 0) return FileError(errno, path, "be written");
    return file;
  }
  do {
    file.temporary_ = TemporaryName(file.target_);
    file.fd_ = open(file.temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (file.fd_ < 0 && errno == EEXIST);
  if (file.fd_ < 0) {
    const int error_number = errno;
    file.temporary_.clear();
    return FileError(error_number, path, "be written");
  }
  // A file that is replaced keeps its permissions. Where the file system has
  // none this fails, and the new file is as good.
  if (exists && fchmod(file.fd_, info.st_mode & 07777) != 0) errno = 0;
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept { *this = std::move(other); }

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  std::swap(path_, other.path_);
  std::swap(target_, other.target_);
  std::swap(temporary_, other.temporary_);
  return *this;
}

AtomicFile::~AtomicFile() { Discard(); }

void AtomicFile::Discard() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
  if (!temporary_.empty()) unlink(temporary_.c_str());
  temporary_.clear();
}

absl::Status AtomicFile::Append(absl::string_view bytes) {
  if (fd_ < 0) return absl::FailedPreconditionError(absl::StrCat(path_, ": is not open"));
  while (!bytes.empty()) {
    const ssize_t n = write(fd_, bytes.data(), std::min(bytes.size(), kWriteChunk));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error_number = errno;
      Discard();
      return FileError(error_number, path_, "be written");
    }
    bytes.remove_prefix(n);
    size_ += n;
  }
  return absl::OkStatus();
}

absl::Status AtomicFile::Commit() {
  if (fd_ < 0) return absl::FailedPreconditionError(absl::StrCat(path_, ": is not whole"));
  // Network file systems report a full disk only here.
  if (close(std::exchange(fd_, -1)) != 0 && errno != EINTR) {
    const int error_number = errno;
    Discard();
    return FileError(error_number, path_, "be written");
  }
  if (temporary_.empty()) return absl::OkStatus();
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) {
    const int error_number = errno;
    Discard();
    return FileError(error_number, path_, "be written");
  }
  temporary_.clear();
  return absl::OkStatus();
}

absl::Status WriteFileAtomically(absl::string_view path, absl::string_view bytes) {
  OTIUM_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  OTIUM_RETURN_IF_ERROR(file.Append(bytes));
  return file.Commit();
}

}  // namespace otium

// SPDX-License-Identifier: Apache-2.0
#include "engine/io/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace otium {
namespace {

// One read() moves at most 2 GiB; smaller ones let a signal in.
constexpr int64_t kReadChunk = int64_t{64} << 20;
constexpr int64_t kFirstPipeBuffer = int64_t{64} << 10;

// Reads until `size` bytes are there or the file ends; returns what is there.
absl::StatusOr<int64_t> ReadUpTo(int fd, char* data, int64_t size, absl::string_view path) {
  int64_t done = 0;
  while (done < size) {
    const ssize_t n = read(fd, data + done, std::min(size - done, kReadChunk));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError(errno, path, "be read");
    if (n == 0) break;
    done += n;
  }
  return done;
}

absl::StatusOr<IntrusivePtr<Buffer>> Allocate(int64_t bytes, absl::string_view path) {
  IntrusivePtr<Buffer> buffer = Buffer::Allocate(bytes);
  if (!buffer) {
    return absl::ResourceExhaustedError(absl::StrCat(path, ": no memory for ", bytes, " bytes"));
  }
  return buffer;
}

absl::StatusOr<IntrusivePtr<Buffer>> ReadRegular(int fd, int64_t size, absl::string_view path) {
  OTIUM_ASSIGN_OR_RETURN(IntrusivePtr<Buffer> buffer, Allocate(size, path));
  OTIUM_ASSIGN_OR_RETURN(const int64_t got,
                         ReadUpTo(fd, static_cast<char*>(buffer->data()), size, path));
  if (got < size) {
    return absl::DataLossError(absl::StrCat(path, ": became shorter while it was read"));
  }
  return buffer;
}

// A pipe does not tell its length: the buffer doubles, and is cut in the end.
absl::StatusOr<IntrusivePtr<Buffer>> ReadPipe(int fd, absl::string_view path) {
  OTIUM_ASSIGN_OR_RETURN(IntrusivePtr<Buffer> buffer, Allocate(kFirstPipeBuffer, path));
  int64_t size = 0;
  while (true) {
    char* data = static_cast<char*>(buffer->data());
    const int64_t room = buffer->bytes() - size;
    OTIUM_ASSIGN_OR_RETURN(const int64_t got, ReadUpTo(fd, data + size, room, path));
    size += got;
    if (got == room) {
      OTIUM_ASSIGN_OR_RETURN(IntrusivePtr<Buffer> larger, Allocate(2 * buffer->bytes(), path));
      std::memcpy(larger->data(), data, size);
      buffer = std::move(larger);
      continue;
    }
    OTIUM_ASSIGN_OR_RETURN(IntrusivePtr<Buffer> exact, Allocate(size, path));
    std::memcpy(exact->data(), data, size);
    return exact;
  }
}

}  // namespace

absl::Status WithFileName(const absl::Status& status, absl::string_view name) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(name, ": ", status.message()));
}

absl::Status FileError(int error_number, absl::string_view path, absl::string_view what) {
  const std::string message =
      absl::StrCat(path, ": cannot ", what, ": ", std::strerror(error_number));
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case ENOMEM:
    case EMFILE:
    case ENFILE: return absl::ResourceExhaustedError(message);
    case ENOENT:
    case ENOTDIR: return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
    case EROFS: return absl::PermissionDeniedError(message);
    case EISDIR: return absl::FailedPreconditionError(message);
    case EIO: return absl::DataLossError(message);
    default: return absl::UnknownError(message);
  }
}

absl::StatusOr<IntrusivePtr<Buffer>> ReadFileBytes(absl::string_view path, FileAccess access) {
  const std::string name(path);
  if (name.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError("a file name cannot hold a zero byte");
  }
  const int fd = open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FileError(errno, path, "be opened");
  const auto close_fd = absl::MakeCleanup([fd] { close(fd); });
  struct stat info;
  if (fstat(fd, &info) != 0) return FileError(errno, path, "be opened");
  if (S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": is a directory, not a file"));
  }
  if (S_ISFIFO(info.st_mode)) return ReadPipe(fd, path);
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": is a device, not a file or a pipe"));
  }
  const int64_t size = info.st_size;
  if (access == FileAccess::kRead || size == 0) return ReadRegular(fd, size, path);
  void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  // Some file systems cannot map.
  if (data == MAP_FAILED) return ReadRegular(fd, size, path);
  return Buffer::Borrow(data, size, Device{}, [size](void* mapped) { munmap(mapped, size); });
}

}  // namespace otium

// SPDX-License-Identifier: Apache-2.0
//
// A file that is whole or absent. It is written under a temporary name in the
// folder of its target and renamed over it by Commit(); if Commit() is not
// reached, or the disk is full, nothing is left and an earlier file of that name
// is untouched. Readers of the old file keep the old file.
//
//   OTIUM_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create("z.npy"));
//   OTIUM_RETURN_IF_ERROR(file.Append(bytes));
//   return file.Commit();
//
// There is no fsync: a power cut may lose the new file or leave it empty, a
// crash of the process may not. Links are followed. A target that is no regular
// file (/dev/stdout, a pipe) is written directly.
//
// Tested by tests/io/atomic_file_test.cc.

#ifndef OTIUM_ENGINE_IO_ATOMIC_FILE_H_
#define OTIUM_ENGINE_IO_ATOMIC_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/export.h"

namespace otium {

class OTIUM_EXPORT AtomicFile {
 public:
  // Errors begin with the path: kNotFound for a missing folder,
  // kPermissionDenied, kFailedPrecondition when `path` is a directory.
  static absl::StatusOr<AtomicFile> Create(absl::string_view path);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  // Removes what was written, unless Commit() succeeded.
  ~AtomicFile();

  // kResourceExhausted when the disk is full.
  absl::Status Append(absl::string_view bytes);
  // Bytes appended so far.
  int64_t size() const { return size_; }
  // Puts the file in its place. Nothing may be appended afterwards.
  absl::Status Commit();

 private:
  AtomicFile() = default;
  void Discard();

  int fd_ = -1;
  int64_t size_ = 0;
  std::string path_;       // As the user wrote it, for messages.
  std::string target_;     // With links followed.
  std::string temporary_;  // Empty when the target is written directly.
};

// Create, Append and Commit at once.
OTIUM_EXPORT absl::Status WriteFileAtomically(absl::string_view path, absl::string_view bytes);

}  // namespace otium

#endif  // OTIUM_ENGINE_IO_ATOMIC_FILE_H_

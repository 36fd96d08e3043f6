// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a file as one buffer, mapped or read, and the words in which the
// file system's refusals are passed on to users.

#ifndef OTIUM_ENGINE_IO_FILE_H_
#define OTIUM_ENGINE_IO_FILE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/intrusive_ptr.h"
#include "engine/base/tensor.h"

namespace otium {

// kMap: the pages of the file itself, private and read-only, loaded when they
// are touched. The file must not shrink while it is held (SIGBUS).
enum class FileAccess { kMap, kRead };

// The whole file. A pipe is read to its end under either access. Errors:
// kNotFound, kPermissionDenied, kFailedPrecondition for a directory or a device,
// kResourceExhausted; each message begins with the path.
absl::StatusOr<IntrusivePtr<Buffer>> ReadFileBytes(absl::string_view path, FileAccess access);

// `status` with "NAME: " before its message; an OK status as it is.
absl::Status WithFileName(const absl::Status& status, absl::string_view name);
// "PATH: cannot WHAT: No space left on device", with the code that fits
// `error_number`.
absl::Status FileError(int error_number, absl::string_view path, absl::string_view what);

}  // namespace otium

#endif  // OTIUM_ENGINE_IO_FILE_H_

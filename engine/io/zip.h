// SPDX-License-Identifier: Apache-2.0
//
// As much of the zip format as .npz files need, after PKWARE's APPNOTE 6.3:
// members that are stored or deflated, zip64, data descriptors. No encryption,
// no archives in several parts, no file names that anybody would extract to.
//
// The reader trusts the central directory alone, checks it against the file
// before anything is allocated, and refuses members that overlap, so the work a
// file can ask for is bounded by its length (and by 1032 for deflate).
//
// Tested by tests/io/npz_test.cc, tests/fuzz/npz_fuzz.cc.

#ifndef OTIUM_ENGINE_IO_ZIP_H_
#define OTIUM_ENGINE_IO_ZIP_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/io/atomic_file.h"

namespace otium {

enum class ZipMethod : uint16_t { kStored = 0, kDeflated = 8 };

struct ZipMember {
  std::string name;
  ZipMethod method = ZipMethod::kStored;
  uint32_t crc = 0;
  // In bytes: as it lies in the file, and when inflated.
  int64_t stored_size = 0;
  int64_t size = 0;
  // Where its bytes begin in the file, behind the local header.
  int64_t data_offset = 0;
};

// All members, in the order of the central directory. kInvalidArgument when
// `file`, a whole zip file, is broken.
absl::StatusOr<std::vector<ZipMember>> ReadZipDirectory(absl::string_view file);

// The bytes of one member, front to back.
class ZipMemberReader {
 public:
  // `file` must outlive the reader.
  static absl::StatusOr<ZipMemberReader> Open(absl::string_view file, const ZipMember& member);
  ZipMemberReader(ZipMemberReader&&) noexcept;
  ~ZipMemberReader();

  // The next `size` bytes. kInvalidArgument when the member ends before.
  absl::Status Read(char* to, int64_t size);
  // kInvalidArgument unless the member ends here and its CRC is right.
  absl::Status Finish();

 private:
  struct State;
  explicit ZipMemberReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// kInvalidArgument unless the CRC of a stored member is right.
absl::Status CheckStoredMember(absl::string_view file, const ZipMember& member);

// Writes a zip file front to back, the same bytes for the same members.
class ZipWriter {
 public:
  // Sizes and offsets from `zip64_from` on are written in zip64 form; the format
  // wants 2^32 - 1, a test may want less. `file` must outlive the writer.
  explicit ZipWriter(AtomicFile* file, int64_t zip64_from = 0xffffffff)
      : file_(file), zip64_from_(zip64_from) {}

  // A member of the bytes of all `parts`. A stored one begins at a multiple of
  // 64 bytes, so that it can be used where it is mapped.
  absl::Status Add(absl::string_view name, ZipMethod method,
                   absl::Span<const absl::string_view> parts);
  // The central directory. The file is left to be committed.
  absl::Status Finish();

 private:
  struct Entry {
    ZipMember member;
    int64_t header_offset;
    bool zip64;
    uint16_t flags;
  };
  absl::Status AppendDeflated(absl::Span<const absl::string_view> parts, int64_t* stored_size);

  AtomicFile* file_;
  int64_t zip64_from_;
  std::vector<Entry> entries_;
};

}  // namespace otium

#endif  // OTIUM_ENGINE_IO_ZIP_H_

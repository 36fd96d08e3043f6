// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/io/zip.h"
#include "engine/io/zip_format.h"

namespace otium {
namespace {

// zlib counts in 32 bits.
constexpr int64_t kZlibChunk = int64_t{1} << 30;
// A deflated byte yields at most 1032: a match of 258 costs at least 2 bits.
constexpr int64_t kMaxDeflateRatio = 1032;
constexpr absl::string_view kWrongCrc = "its checksum (CRC) is wrong, so its bytes are damaged";

absl::Status Broken(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("the zip file is broken: ", what));
}

// Little-endian fields, front to back; zeros, and !ok(), past the end.
class Fields {
 public:
  explicit Fields(absl::string_view bytes) : bytes_(bytes) {}
  uint16_t U16() { return static_cast<uint16_t>(Take(2)); }
  uint32_t U32() { return static_cast<uint32_t>(Take(4)); }
  uint64_t U64() { return Take(8); }
  void Skip(size_t n) { Bytes(n); }
  absl::string_view Bytes(size_t n) {
    if (n > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const absl::string_view taken = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return taken;
  }
  bool ok() const { return ok_; }
  bool empty() const { return bytes_.empty(); }

 private:
  uint64_t Take(size_t n) {
    const absl::string_view taken = Bytes(n);
    uint64_t value = 0;
    for (size_t i = taken.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(taken[i]);
    return value;
  }
  absl::string_view bytes_;
  bool ok_ = true;
};

// Where the central directory lies; all within the file.
struct Directory {
  uint64_t entries = 0;
  uint64_t offset = 0;
  uint64_t size = 0;
};

// The end record is the last thing in the file but for a comment, whose length
// it states: the one place from which all else is found.
absl::StatusOr<size_t> FindEndRecord(absl::string_view file) {
  const size_t first = file.size() > kZipEndSize + 0xffff ? file.size() - kZipEndSize - 0xffff : 0;
  for (size_t at = file.size() < kZipEndSize ? 0 : file.size() - kZipEndSize + 1; at-- > first;) {
    Fields end(file.substr(at));
    if (end.U32() != kZipEndSignature) continue;
    end.Skip(16);
    if (end.U16() == file.size() - at - kZipEndSize) return at;
  }
  return absl::InvalidArgumentError(
      file.empty() ? "the file is empty, not a zip file"
                   : "not a zip file, or a truncated one: it has no end record");
}

absl::StatusOr<Directory> FindDirectory(absl::string_view file) {
  OTIUM_ASSIGN_OR_RETURN(const size_t end_at, FindEndRecord(file));
  Fields end(file.substr(end_at + 4));
  const uint16_t disk = end.U16(), directory_disk = end.U16();
  const uint16_t entries_here = end.U16();
  Directory directory;
  directory.entries = end.U16();
  directory.size = end.U32();
  directory.offset = end.U32();
  bool parts = disk != directory_disk || entries_here != directory.entries;
  uint64_t directory_end = end_at;
  if (end_at >= kZip64LocatorSize) {
    Fields locator(file.substr(end_at - kZip64LocatorSize));
    if (locator.U32() == kZip64LocatorSignature) {
      locator.Skip(4);
      directory_end = locator.U64();
      parts = parts || locator.U32() > 1;
      if (directory_end > end_at - kZip64LocatorSize) {
        return Broken("its zip64 record is elsewhere");
      }
      Fields end64(file.substr(directory_end, end_at - kZip64LocatorSize - directory_end));
      if (end64.U32() != kZip64EndSignature) return Broken("its zip64 record is not there");
      end64.Skip(8 + 2 + 2);
      parts = parts || end64.U32() != end64.U32();
      const uint64_t entries64_here = end64.U64();
      directory.entries = end64.U64();
      parts = parts || entries64_here != directory.entries;
      directory.size = end64.U64();
      directory.offset = end64.U64();
      if (!end64.ok()) return Broken("its zip64 record is cut off");
    }
  }
  if (parts) return absl::InvalidArgumentError("the zip file is one part of several");
  if (directory.offset > directory_end || directory_end - directory.offset != directory.size) {
    return Broken("its directory is not where it says");
  }
  if (directory.entries > directory.size / kZipEntrySize) {
    return Broken("its directory is too short for its members");
  }
  return directory;
}

struct Entry {
  ZipMember member;
  uint16_t flags = 0;
  uint64_t header_offset = 0;
};

// Sizes that did not fit in 32 bits stand in an extra field, in this order, each
// only if its 32-bit field is saturated.
absl::Status ReadZip64(absl::string_view extra, uint64_t* size, uint64_t* stored_size,
                       uint64_t* offset) {
  Fields fields(extra);
  while (!fields.empty()) {
    const uint16_t id = fields.U16();
    Fields data(fields.Bytes(fields.U16()));
    if (!fields.ok()) break;  // Padding that is no field; some writers leave such.
    if (id != kZip64ExtraId) continue;
    for (uint64_t* value : {size, stored_size, offset}) {
      if (*value == 0xffffffff) *value = data.U64();
    }
    return data.ok() ? absl::OkStatus() : Broken("a zip64 field is cut off");
  }
  return absl::OkStatus();
}

absl::StatusOr<Entry> ReadEntry(Fields* fields) {
  Entry entry;
  if (fields->U32() != kZipEntrySignature) return Broken("its directory is damaged");
  fields->Skip(4);
  entry.flags = fields->U16();
  const uint16_t method = fields->U16();
  fields->Skip(4);
  entry.member.crc = fields->U32();
  uint64_t stored_size = fields->U32();
  uint64_t size = fields->U32();
  const uint16_t name_size = fields->U16(), extra_size = fields->U16();
  const uint16_t comment_size = fields->U16();
  fields->Skip(8);
  entry.header_offset = fields->U32();
  entry.member.name = std::string(fields->Bytes(name_size));
  const absl::string_view extra = fields->Bytes(extra_size);
  fields->Skip(comment_size);
  if (!fields->ok()) return Broken("its directory is cut off");
  OTIUM_RETURN_IF_ERROR(ReadZip64(extra, &size, &stored_size, &entry.header_offset));

  const std::string name = absl::Utf8SafeCHexEscape(entry.member.name);
  if ((entry.flags & kZipEncrypted) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("member '", name, "' is encrypted"));
  }
  if (method != static_cast<uint16_t>(ZipMethod::kStored) &&
      method != static_cast<uint16_t>(ZipMethod::kDeflated)) {
    return absl::InvalidArgumentError(
        absl::StrCat("member '", name, "' is compressed by method ", method,
                     "; Otium reads stored and deflated ones, as numpy.savez and "
                     "numpy.savez_compressed write them"));
  }
  entry.member.method = static_cast<ZipMethod>(method);
  constexpr uint64_t kLimit = std::numeric_limits<int64_t>::max() / 2;
  if (size > kLimit || stored_size > kLimit || entry.header_offset > kLimit) {
    return Broken(absl::StrCat("member '", name, "' claims an impossible size"));
  }
  entry.member.size = static_cast<int64_t>(size);
  entry.member.stored_size = static_cast<int64_t>(stored_size);
  const bool possible = entry.member.method == ZipMethod::kStored
                            ? size == stored_size
                            : size / kMaxDeflateRatio <= stored_size;
  if (!possible) {
    return Broken(absl::StrCat("member '", name, "' claims ", size, " bytes, which its ",
                               stored_size, " cannot hold"));
  }
  return entry;
}

// The local header only says where the bytes begin: its sizes may be zero, with
// the true ones in a descriptor behind the data.
absl::Status FindData(absl::string_view file, uint64_t directory_offset, Entry* entry) {
  const std::string name = absl::Utf8SafeCHexEscape(entry->member.name);
  if (entry->header_offset > directory_offset) {
    return Broken(absl::StrCat("member '", name, "' lies outside"));
  }
  Fields local(file.substr(entry->header_offset, directory_offset - entry->header_offset));
  const bool signature_is_right = local.U32() == kZipLocalSignature;
  local.Skip(4);
  const uint16_t method = local.U16();
  local.Skip(16);
  const uint16_t name_size = local.U16(), extra_size = local.U16();
  const absl::string_view local_name = local.Bytes(name_size);
  local.Skip(extra_size);
  if (!local.ok() || !signature_is_right || local_name != entry->member.name ||
      method != static_cast<uint16_t>(entry->member.method)) {
    return Broken(absl::StrCat("the header of member '", name, "' is damaged"));
  }
  const uint64_t data = entry->header_offset + kZipLocalSize + name_size + extra_size;
  if (directory_offset - data < static_cast<uint64_t>(entry->member.stored_size)) {
    return Broken(absl::StrCat("member '", name, "' is longer than the file"));
  }
  entry->member.data_offset = static_cast<int64_t>(data);
  return absl::OkStatus();
}

// Members that share bytes are how a small file is made to inflate to petabytes.
absl::Status CheckNoOverlap(const std::vector<Entry>& entries) {
  std::vector<const Entry*> order;
  for (const Entry& e : entries) order.push_back(&e);
  std::sort(order.begin(), order.end(),
            [](const Entry* a, const Entry* b) { return a->header_offset < b->header_offset; });
  for (size_t i = 1; i < order.size(); ++i) {
    const ZipMember& before = order[i - 1]->member;
    if (static_cast<uint64_t>(before.data_offset + before.stored_size) > order[i]->header_offset) {
      return Broken("its members overlap");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<ZipMember>> ReadZipDirectory(absl::string_view file) {
  OTIUM_ASSIGN_OR_RETURN(const Directory directory, FindDirectory(file));
  Fields fields(file.substr(directory.offset, directory.size));
  std::vector<Entry> entries;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    OTIUM_ASSIGN_OR_RETURN(Entry entry, ReadEntry(&fields));
    OTIUM_RETURN_IF_ERROR(FindData(file, directory.offset, &entry));
    entries.push_back(std::move(entry));
  }
  if (!fields.empty()) return Broken("its directory has more members than it says");
  OTIUM_RETURN_IF_ERROR(CheckNoOverlap(entries));
  std::vector<ZipMember> members;
  for (Entry& e : entries) members.push_back(std::move(e.member));
  return members;
}

absl::Status CheckStoredMember(absl::string_view file, const ZipMember& member) {
  const auto* data = reinterpret_cast<const Bytef*>(file.data() + member.data_offset);
  if (crc32_z(0, data, member.size) == member.crc) return absl::OkStatus();
  return Broken(kWrongCrc);
}

struct ZipMemberReader::State {
  uint32_t expected_crc = 0;
  absl::string_view left;  // Of the stored bytes.
  uint32_t crc = 0;
  bool inflating = false;
  z_stream stream = {};

  ~State() {
    if (inflating) inflateEnd(&stream);
  }
  // Up to `size` bytes, at least one.
  absl::StatusOr<int64_t> ReadSome(char* to, int64_t size) {
    if (!inflating) {
      if (left.empty()) return Broken("a member ends too early");
      const auto n = std::min<int64_t>(size, static_cast<int64_t>(left.size()));
      std::memcpy(to, left.data(), n);
      left.remove_prefix(n);
      return n;
    }
    stream.next_out = reinterpret_cast<Bytef*>(to);
    stream.avail_out = static_cast<uInt>(size);
    const auto given = std::min<int64_t>(static_cast<int64_t>(left.size()), kZlibChunk);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(left.data()));
    stream.avail_in = static_cast<uInt>(given);
    const int result = inflate(&stream, Z_NO_FLUSH);
    left.remove_prefix(given - stream.avail_in);
    const int64_t got = size - stream.avail_out;
    if (result == Z_MEM_ERROR) return absl::ResourceExhaustedError("no memory to inflate");
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return Broken("a member is not deflated data");
    }
    if (got == 0 && (result != Z_OK || left.empty())) return Broken("a member ends too early");
    return got;
  }
};

ZipMemberReader::ZipMemberReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
ZipMemberReader::ZipMemberReader(ZipMemberReader&&) noexcept = default;
ZipMemberReader::~ZipMemberReader() = default;

absl::StatusOr<ZipMemberReader> ZipMemberReader::Open(absl::string_view file,
                                                      const ZipMember& member) {
  auto state = std::make_unique<State>();
  state->expected_crc = member.crc;
  state->left = file.substr(member.data_offset, member.stored_size);
  if (member.method == ZipMethod::kDeflated) {
    // Negative: without zlib's own header and checksum.
    if (inflateInit2(&state->stream, -MAX_WBITS) != Z_OK) {
      return absl::ResourceExhaustedError("no memory to inflate");
    }
    state->inflating = true;
  }
  return ZipMemberReader(std::move(state));
}

absl::Status ZipMemberReader::Read(char* to, int64_t size) {
  while (size > 0) {
    OTIUM_ASSIGN_OR_RETURN(const int64_t got, state_->ReadSome(to, std::min(size, kZlibChunk)));
    state_->crc = crc32(state_->crc, reinterpret_cast<const Bytef*>(to), static_cast<uInt>(got));
    to += got;
    size -= got;
  }
  return absl::OkStatus();
}

absl::Status ZipMemberReader::Finish() {
  State& s = *state_;
  if (s.inflating) {
    // The end mark may still be in the input; it yields no byte.
    char beyond;
    s.stream.next_out = reinterpret_cast<Bytef*>(&beyond);
    s.stream.avail_out = 1;
    s.stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(s.left.data()));
    s.stream.avail_in = static_cast<uInt>(std::min<size_t>(s.left.size(), kZlibChunk));
    const int result = inflate(&s.stream, Z_NO_FLUSH);
    if (s.stream.avail_out == 0) return Broken("a member is longer than it claims");
    if (result != Z_STREAM_END || s.stream.avail_in != 0) {
      return Broken("a member is not deflated data");
    }
  } else if (!s.left.empty()) {
    return Broken("a member is longer than it claims");
  }
  if (s.crc != s.expected_crc) return Broken(kWrongCrc);
  return absl::OkStatus();
}

}  // namespace otium

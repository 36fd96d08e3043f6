// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/io/zip.h"
#include "engine/io/zip_format.h"

namespace otium {
namespace {

constexpr size_t kChunk = size_t{1} << 18;
constexpr int64_t kMemberAlignment = 64;
// 1980-01-01 00:00, the beginning of DOS time: the same members, the same file.
constexpr uint16_t kDosDate = 0x21;
constexpr uint16_t kVersionDeflate = 20, kVersionZip64 = 45;

struct Record {
  std::string bytes;

  Record& U16(uint64_t v) { return Put(v, 2); }
  Record& U32(uint64_t v) { return Put(v, 4); }
  Record& U64(uint64_t v) { return Put(v, 8); }
  Record& Bytes(absl::string_view v) {
    bytes.append(v.data(), v.size());
    return *this;
  }

 private:
  Record& Put(uint64_t v, int n) {
    for (int i = 0; i < n; ++i) bytes.push_back(static_cast<char>(v >> (8 * i) & 0xff));
    return *this;
  }
};

uint32_t Crc(absl::Span<const absl::string_view> parts) {
  uLong crc = 0;
  for (absl::string_view part : parts) {
    crc = crc32_z(crc, reinterpret_cast<const Bytef*>(part.data()), part.size());
  }
  return static_cast<uint32_t>(crc);
}

// An extra field that moves what follows a header of `size` bytes at `offset` to
// a multiple of kMemberAlignment.
std::string AlignExtra(int64_t offset, int64_t size) {
  constexpr int64_t kFixed = 6;  // id, length, alignment
  const int64_t end = offset + size + kFixed;
  const int64_t padding = (kMemberAlignment - end % kMemberAlignment) % kMemberAlignment;
  return Record()
      .U16(kZipAlignExtraId)
      .U16(2 + padding)
      .U16(kMemberAlignment)
      .Bytes(std::string(padding, '\0'))
      .bytes;
}

}  // namespace

absl::Status ZipWriter::AppendDeflated(absl::Span<const absl::string_view> parts,
                                       int64_t* stored_size) {
  z_stream stream = {};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, /*memLevel=*/8,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return absl::ResourceExhaustedError("no memory to deflate");
  }
  const auto end = absl::MakeCleanup([&stream] { deflateEnd(&stream); });
  std::string out(kChunk, '\0');
  const int64_t before = file_->size();
  // Runs deflate until it has taken what it was given (and, to finish, has
  // given what it holds).
  const auto drain = [&](int flush) -> absl::Status {
    do {
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = static_cast<uInt>(out.size());
      deflate(&stream, flush);
      OTIUM_RETURN_IF_ERROR(
          file_->Append(absl::string_view(out).substr(0, out.size() - stream.avail_out)));
    } while (stream.avail_out == 0);
    return absl::OkStatus();
  };
  for (absl::string_view part : parts) {
    while (!part.empty()) {
      const size_t n = std::min(part.size(), kChunk);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
      stream.avail_in = static_cast<uInt>(n);
      OTIUM_RETURN_IF_ERROR(drain(Z_NO_FLUSH));
      part.remove_prefix(n);
    }
  }
  OTIUM_RETURN_IF_ERROR(drain(Z_FINISH));
  *stored_size = file_->size() - before;
  return absl::OkStatus();
}

absl::Status ZipWriter::Add(absl::string_view name, ZipMethod method,
                            absl::Span<const absl::string_view> parts) {
  if (name.size() > 0xffff) return absl::InvalidArgumentError("a member's name is too long");
  const bool deflated = method == ZipMethod::kDeflated;
  Entry entry;
  entry.member.name = std::string(name);
  entry.member.method = method;
  entry.member.crc = Crc(parts);
  for (absl::string_view part : parts) entry.member.size += static_cast<int64_t>(part.size());
  entry.header_offset = file_->size();
  // Deflate may grow what it cannot shrink, by less than this.
  entry.zip64 = entry.member.size + entry.member.size / 1000 + 100 >= zip64_from_;
  entry.flags = kZipUtf8Name;
  // The deflated size is known only afterwards, and goes behind the data.
  if (deflated) entry.flags |= kZipHasDescriptor;
  entry.member.stored_size = deflated ? 0 : entry.member.size;

  const int64_t known_size = deflated ? 0 : entry.member.size;
  std::string extra;
  if (entry.zip64) {
    extra = Record().U16(kZip64ExtraId).U16(16).U64(known_size).U64(known_size).bytes;
  }
  if (!deflated) {
    extra += AlignExtra(entry.header_offset,
                        static_cast<int64_t>(kZipLocalSize + name.size() + extra.size()));
  }
  OTIUM_RETURN_IF_ERROR(file_->Append(Record()
                                          .U32(kZipLocalSignature)
                                          .U16(entry.zip64 ? kVersionZip64 : kVersionDeflate)
                                          .U16(entry.flags)
                                          .U16(static_cast<uint16_t>(method))
                                          .U16(0)
                                          .U16(kDosDate)
                                          .U32(deflated ? 0 : entry.member.crc)
                                          .U32(entry.zip64 ? 0xffffffff : known_size)
                                          .U32(entry.zip64 ? 0xffffffff : known_size)
                                          .U16(name.size())
                                          .U16(extra.size())
                                          .Bytes(name)
                                          .Bytes(extra)
                                          .bytes));
  if (deflated) {
    OTIUM_RETURN_IF_ERROR(AppendDeflated(parts, &entry.member.stored_size));
    Record descriptor;
    descriptor.U32(kZipDescriptorSignature).U32(entry.member.crc);
    if (entry.zip64) {
      descriptor.U64(entry.member.stored_size).U64(entry.member.size);
    } else {
      descriptor.U32(entry.member.stored_size).U32(entry.member.size);
    }
    OTIUM_RETURN_IF_ERROR(file_->Append(descriptor.bytes));
  } else {
    for (absl::string_view part : parts) OTIUM_RETURN_IF_ERROR(file_->Append(part));
  }
  entries_.push_back(std::move(entry));
  return absl::OkStatus();
}

absl::Status ZipWriter::Finish() {
  const int64_t directory_offset = file_->size();
  for (const Entry& e : entries_) {
    const bool far = e.header_offset >= zip64_from_;
    Record zip64;
    if (e.zip64) zip64.U64(e.member.size).U64(e.member.stored_size);
    if (far) zip64.U64(e.header_offset);
    std::string extra;
    if (!zip64.bytes.empty()) {
      extra = Record().U16(kZip64ExtraId).U16(zip64.bytes.size()).Bytes(zip64.bytes).bytes;
    }
    OTIUM_RETURN_IF_ERROR(file_->Append(Record()
                                            .U32(kZipEntrySignature)
                                            .U16(kVersionZip64 | 3 << 8)  // 3: made on Unix
                                            .U16(extra.empty() ? kVersionDeflate : kVersionZip64)
                                            .U16(e.flags)
                                            .U16(static_cast<uint16_t>(e.member.method))
                                            .U16(0)
                                            .U16(kDosDate)
                                            .U32(e.member.crc)
                                            .U32(e.zip64 ? 0xffffffff : e.member.stored_size)
                                            .U32(e.zip64 ? 0xffffffff : e.member.size)
                                            .U16(e.member.name.size())
                                            .U16(extra.size())
                                            .U16(0)
                                            .U16(0)
                                            .U16(0)
                                            .U32(uint64_t{0100644} << 16)  // a file, rw-r--r--
                                            .U32(far ? 0xffffffff : e.header_offset)
                                            .Bytes(e.member.name)
                                            .Bytes(extra)
                                            .bytes));
  }
  const int64_t end = file_->size();
  const int64_t directory_size = end - directory_offset;
  const bool many = entries_.size() >= 0xffff;
  const bool zip64 = many || end >= zip64_from_;
  if (zip64) {
    OTIUM_RETURN_IF_ERROR(file_->Append(Record()
                                            .U32(kZip64EndSignature)
                                            .U64(44)  // of what follows
                                            .U16(kVersionZip64 | 3 << 8)
                                            .U16(kVersionZip64)
                                            .U32(0)
                                            .U32(0)
                                            .U64(entries_.size())
                                            .U64(entries_.size())
                                            .U64(directory_size)
                                            .U64(directory_offset)
                                            .U32(kZip64LocatorSignature)
                                            .U32(0)
                                            .U64(end)
                                            .U32(1)
                                            .bytes));
  }
  return file_->Append(Record()
                           .U32(kZipEndSignature)
                           .U16(0)
                           .U16(0)
                           .U16(many ? 0xffff : entries_.size())
                           .U16(many ? 0xffff : entries_.size())
                           .U32(zip64 ? 0xffffffff : directory_size)
                           .U32(zip64 ? 0xffffffff : directory_offset)
                           .U16(0)
                           .bytes);
}

}  // namespace otium

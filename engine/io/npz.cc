// SPDX-License-Identifier: Apache-2.0
#include "engine/io/npz.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"
#include "engine/io/atomic_file.h"
#include "engine/io/file.h"
#include "engine/io/npy_header.h"

namespace otium {
namespace {

constexpr absl::string_view kSuffix = ".npy";
// So many names an error message lists.
constexpr size_t kListedNames = 20;

// What of a member is inflated before its size is believed.
constexpr int64_t kHeaderProbe = 4 << 10;

absl::string_view Bytes(const Buffer& buffer) {
  return absl::string_view(static_cast<const char*>(buffer.data()), buffer.bytes());
}

// Inflates the header, and only if it says what the directory says the rest,
// right into the tensor.
absl::StatusOr<Tensor> Inflate(absl::string_view file, const ZipMember& member) {
  OTIUM_ASSIGN_OR_RETURN(ZipMemberReader reader, ZipMemberReader::Open(file, member));
  std::string start(std::min(member.size, kHeaderProbe), '\0');
  OTIUM_RETURN_IF_ERROR(reader.Read(start.data(), static_cast<int64_t>(start.size())));
  OTIUM_ASSIGN_OR_RETURN(const int64_t header_size, NpyHeaderSize(start));
  if (header_size > static_cast<int64_t>(start.size())) {
    const auto have = static_cast<int64_t>(start.size());
    start.resize(std::min(header_size, member.size));
    OTIUM_RETURN_IF_ERROR(
        reader.Read(start.data() + have, static_cast<int64_t>(start.size()) - have));
  }
  OTIUM_ASSIGN_OR_RETURN(const NpyHeader header, ParseNpyHeader(start));
  OTIUM_RETURN_IF_ERROR(CheckNpyLength(header, member.size));
  IntrusivePtr<Buffer> buffer = Buffer::Allocate(header.data_bytes);
  if (!buffer) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for ", header.data_bytes, " bytes"));
  }
  char* data = static_cast<char*>(buffer->data());
  const int64_t have = static_cast<int64_t>(start.size()) - header.data_offset;
  std::memcpy(data, start.data() + header.data_offset, have);
  OTIUM_RETURN_IF_ERROR(reader.Read(data + have, header.data_bytes - have));
  OTIUM_RETURN_IF_ERROR(reader.Finish());
  if (header.dtype == DType::kBool) NormalizeBools(data, header.data_bytes);
  return Tensor(std::move(buffer), 0, header.dtype, header.sizes, header.Strides());
}

}  // namespace

absl::StatusOr<NpzReader> NpzReader::Open(absl::string_view path, const NpyOptions& options) {
  OTIUM_ASSIGN_OR_RETURN(IntrusivePtr<Buffer> bytes,
                         ReadFileBytes(path, options.mmap ? FileAccess::kMap : FileAccess::kRead));
  return Open(std::move(bytes), path);
}

absl::StatusOr<NpzReader> NpzReader::Open(IntrusivePtr<Buffer> bytes, absl::string_view path) {
  NpzReader reader;
  reader.bytes_ = std::move(bytes);
  reader.path_ = std::string(path);
  absl::StatusOr<std::vector<ZipMember>> members = ReadZipDirectory(Bytes(*reader.bytes_));
  if (!members.ok()) return WithFileName(members.status(), path);
  absl::flat_hash_set<std::string> names;
  for (ZipMember& member : *members) {
    absl::string_view name = member.name;
    if (!absl::ConsumeSuffix(&name, kSuffix)) continue;
    member.name = std::string(name);
    if (!names.insert(member.name).second) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": two arrays are named '",
                                                     absl::Utf8SafeCHexEscape(member.name), "'"));
    }
    reader.members_.push_back(std::move(member));
  }
  return reader;
}

std::vector<std::string> NpzReader::names() const {
  std::vector<std::string> names;
  for (const ZipMember& member : members_) names.push_back(member.name);
  return names;
}

absl::StatusOr<Tensor> NpzReader::ReadMember(const ZipMember& member) const {
  absl::StatusOr<Tensor> tensor = [&]() -> absl::StatusOr<Tensor> {
    const absl::string_view file = Bytes(*bytes_);
    if (member.method == ZipMethod::kDeflated) return Inflate(file, member);
    OTIUM_RETURN_IF_ERROR(CheckStoredMember(file, member));
    return ViewNpy(bytes_, member.data_offset, member.size);
  }();
  if (!tensor.ok()) {
    return WithFileName(tensor.status(),
                        absl::StrCat(path_, ":", absl::Utf8SafeCHexEscape(member.name)));
  }
  return tensor;
}

absl::StatusOr<Tensor> NpzReader::Read(absl::string_view name) const {
  std::string there;
  for (size_t i = 0; i < members_.size(); ++i) {
    if (members_[i].name == name) return ReadMember(members_[i]);
    if (i < kListedNames) {
      absl::StrAppend(&there, i > 0 ? ", " : "", absl::Utf8SafeCHexEscape(members_[i].name));
    }
  }
  if (members_.size() > kListedNames) {
    absl::StrAppend(&there, ", and ", members_.size() - kListedNames, " more");
  }
  return absl::NotFoundError(absl::StrCat(path_, ": there is no array '",
                                          absl::Utf8SafeCHexEscape(name), "'; it holds ",
                                          there.empty() ? "none" : there));
}

absl::StatusOr<std::vector<NamedTensor>> NpzReader::ReadAll() const {
  std::vector<NamedTensor> tensors;
  for (const ZipMember& member : members_) {
    OTIUM_ASSIGN_OR_RETURN(Tensor tensor, ReadMember(member));
    tensors.push_back({member.name, std::move(tensor)});
  }
  return tensors;
}

absl::Status WriteNpz(absl::Span<const NamedTensor> tensors, absl::string_view path,
                      NpzCompression compression) {
  absl::flat_hash_set<absl::string_view> names;
  for (const NamedTensor& t : tensors) {
    if (t.name.empty() || t.name.find('\0') != std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": '", absl::CHexEscape(t.name), "' cannot name an array"));
    }
    if (!names.insert(t.name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": two arrays are named '", absl::Utf8SafeCHexEscape(t.name), "'"));
    }
  }
  OTIUM_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  ZipWriter zip(&file);
  const ZipMethod method =
      compression == NpzCompression::kStored ? ZipMethod::kStored : ZipMethod::kDeflated;
  for (const NamedTensor& t : tensors) {
    absl::StatusOr<NpyParts> parts = SplitNpy(t.tensor);
    if (!parts.ok()) return WithFileName(parts.status(), absl::StrCat(path, ":", t.name));
    OTIUM_RETURN_IF_ERROR(
        zip.Add(absl::StrCat(t.name, kSuffix), method, {parts->header, parts->data}));
  }
  OTIUM_RETURN_IF_ERROR(zip.Finish());
  return file.Commit();
}

}  // namespace otium

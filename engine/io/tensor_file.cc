// SPDX-License-Identifier: Apache-2.0
#include "engine/io/tensor_file.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/io/file.h"
#include "engine/io/mtx.h"

namespace otium {
namespace {

struct Extension {
  absl::string_view name;
  FileKind kind;
};
constexpr Extension kExtensions[] = {
    {".npy", FileKind::kNpy}, {".npz", FileKind::kNpz}, {".mtx", FileKind::kMtx}};

}  // namespace

absl::StatusOr<TensorPath> ParseTensorPath(absl::string_view text) {
  // The first ".npz:" divides, so a member's name may hold anything.
  const size_t colon = text.find(".npz:");
  if (colon != absl::string_view::npos) {
    const size_t path_size = colon + 4;
    return TensorPath{FileKind::kNpz, text.substr(0, path_size), text.substr(path_size + 1)};
  }
  for (const Extension& e : kExtensions) {
    if (absl::EndsWithIgnoreCase(text, e.name)) return TensorPath{e.kind, text, {}};
  }
  return absl::InvalidArgumentError(absl::StrCat(
      text, ": the kind of file is not known by its name; Otium knows ",
      absl::StrJoin(kExtensions, ", ",
                    [](std::string* out, const Extension& e) { absl::StrAppend(out, e.name); })));
}

absl::StatusOr<std::vector<NamedTensor>> LoadTensors(absl::string_view path,
                                                     const NpyOptions& options) {
  absl::StatusOr<TensorPath> where = ParseTensorPath(path);
  if (!where.ok()) {
    // A missing file or a directory is the plainer news.
    OTIUM_RETURN_IF_ERROR(ReadFileBytes(path, FileAccess::kMap).status());
    return where.status();
  }
  std::vector<NamedTensor> tensors(1);
  switch (where->kind) {
    case FileKind::kNpy: {
      OTIUM_ASSIGN_OR_RETURN(tensors[0].tensor, ReadNpy(where->path, options));
      return tensors;
    }
    case FileKind::kMtx: {
      OTIUM_ASSIGN_OR_RETURN(tensors[0].tensor, ReadMtx(where->path));
      return tensors;
    }
    case FileKind::kNpz: {
      OTIUM_ASSIGN_OR_RETURN(const NpzReader reader, NpzReader::Open(where->path, options));
      if (where->path.size() == path.size()) return reader.ReadAll();
      tensors[0].name = std::string(where->member);
      OTIUM_ASSIGN_OR_RETURN(tensors[0].tensor, reader.Read(where->member));
      return tensors;
    }
  }
  __builtin_unreachable();
}

absl::StatusOr<Tensor> LoadTensor(absl::string_view path, const NpyOptions& options) {
  const absl::StatusOr<TensorPath> where = ParseTensorPath(path);
  if (where.ok() && where->kind == FileKind::kNpz && where->path.size() == path.size()) {
    OTIUM_ASSIGN_OR_RETURN(const NpzReader reader, NpzReader::Open(path, options));
    const std::vector<std::string> names = reader.names();
    if (names.size() != 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": it holds ", names.size(), " arrays",
          names.empty() ? "" : absl::StrCat("; say which, as in ", path, ":", names[0])));
    }
    return reader.Read(names[0]);
  }
  OTIUM_ASSIGN_OR_RETURN(std::vector<NamedTensor> tensors, LoadTensors(path, options));
  return std::move(tensors[0].tensor);
}

absl::Status SaveTensors(absl::Span<const NamedTensor> tensors, absl::string_view path) {
  OTIUM_ASSIGN_OR_RETURN(const TensorPath where, ParseTensorPath(path));
  if (where.path.size() != path.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": an .npz file is written as a whole; the names in it are those of the tensors"));
  }
  if (where.kind == FileKind::kNpz) return WriteNpz(tensors, path);
  if (tensors.size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": holds one tensor, and there are ",
                                                   tensors.size(), "; write .npz instead"));
  }
  return where.kind == FileKind::kNpy ? WriteNpy(tensors[0].tensor, path)
                                      : WriteMtx(tensors[0].tensor, path);
}

}  // namespace otium

// SPDX-License-Identifier: Apache-2.0
//
// otium convert: arrays from one kind of file to another.

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/io/tensor_file.h"
#include "nlohmann/json.hpp"
#include "tools/otium/commands.h"

namespace otium::cli {
namespace {

// "dir/west.mtx" -> "west": the name in an .npz of what has none.
std::string Stem(absl::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash != absl::string_view::npos) path.remove_prefix(slash + 1);
  return std::string(path.substr(0, path.rfind('.')));
}

}  // namespace

absl::Status ConvertCommand(Session& session) {
  const Options& options = session.options();
  const absl::StatusOr<TensorPath> from = ParseTensorPath(options.file);
  if (!from.ok()) return WithExit(from.status(), Exit::kUsage);
  const absl::StatusOr<TensorPath> to = ParseTensorPath(options.target);
  if (!to.ok()) return WithExit(to.status(), Exit::kUsage);
  // Mapping OUT's own old file while it is replaced is fine: readers keep it.
  const NpyOptions npy{.mmap = !options.no_mmap};
  std::vector<NamedTensor> tensors;
  if (from->kind == FileKind::kNpz && from->member.empty() && to->kind == FileKind::kNpz) {
    absl::StatusOr<std::vector<NamedTensor>> all = LoadTensors(options.file, npy);
    if (!all.ok()) return WithExit(all.status(), Exit::kBadInput);
    tensors = *std::move(all);
  } else {
    absl::StatusOr<Tensor> one = LoadTensor(options.file, npy);
    if (!one.ok()) return WithExit(one.status(), Exit::kBadInput);
    const std::string name(!to->member.empty()     ? to->member
                           : !from->member.empty() ? from->member
                                                   : Stem(from->path));
    tensors.push_back({name, *std::move(one)});
  }
  if (to->kind == FileKind::kMtx && tensors[0].tensor.rank() != 2) {
    return Fail(Exit::kBadInput, absl::StrCat(options.file, ": ", ShortType(tensors[0].tensor.type()),
                                              " is not a matrix, and an .mtx holds one"));
  }
  OTIUM_RETURN_IF_ERROR(WithExit(SaveTensors(tensors, to->path), Exit::kRunFailed));
  Json list = Json::array();
  for (const NamedTensor& t : tensors) {
    session.Note(absl::StrCat("otium: wrote ", options.target, ": ", ShortType(t.tensor.type()),
                              to->kind == FileKind::kNpz ? absl::StrCat(" ", t.name) : ""));
    list.push_back({{"name", t.name}, {"type", ShortType(t.tensor.type())}});
  }
  if (options.json) session.document()["converted"] = std::move(list);
  return absl::OkStatus();
}

}  // namespace otium::cli

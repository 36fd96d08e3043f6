// SPDX-License-Identifier: Apache-2.0
#include "tools/otium/pass_dump.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/io/atomic_file.h"
#include "engine/io/npy.h"
#include "tools/otium/exit_status.h"
#include "tools/viz/stage_printer.h"

namespace otium::cli {

struct PassDump::State {
  std::string folder;
  int segment = -1;
  int pass = 0;
  std::optional<viz::StagePrinter> printer;  // Of this segment.
  absl::Status status;
  // Most passes leave constants as they are: each is written once.
  std::vector<std::pair<Tensor, std::string>> constants;

  std::string SaveConstant(const Tensor& value, const std::string& stem, absl::string_view hint) {
    for (const auto& [saved, file] : constants) {
      if (saved.data() == value.data() && saved.dtype() == value.dtype() &&
          saved.sizes() == value.sizes() && saved.strides() == value.strides()) {
        return file;
      }
    }
    const std::string file = absl::StrCat(stem, ".", hint, ".npy");
    status.Update(WriteNpy(value, absl::StrCat(folder, "/", file)));
    constants.emplace_back(value, file);
    return file;
  }

  void Write(absl::string_view name, const GraphPtr& graph) {
    const std::string stem = absl::StrCat(segment > 0 ? absl::StrCat(segment, ".") : "",
                                          absl::Dec(pass, absl::kZeroPad2), "-", name);
    PrintOptions print;
    print.save_constant = [&](const Tensor& value, absl::string_view hint) {
      return SaveConstant(value, stem, hint);
    };
    status.Update(
        WriteFileAtomically(absl::StrCat(folder, "/", stem, ".otm"), printer->Print(graph, print)));
  }
};

absl::StatusOr<PassDump> PassDump::Start(const std::string& folder) {
  if (mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) {
    return Fail(Exit::kRunFailed,
                absl::StrCat(folder, ": cannot make the folder: ", std::strerror(errno)));
  }
  PassDump dump;
  dump.state_ = std::make_shared<State>();
  dump.state_->folder = folder;
  return dump;
}

std::function<void(absl::string_view, const GraphPtr&)> PassDump::Observer() const {
  return [state = state_](absl::string_view pass, const GraphPtr& graph) {
    if (pass == "source") {
      ++state->segment;
      state->pass = 0;
      state->printer.emplace();
    }
    state->Write(pass, graph);
    ++state->pass;
  };
}

absl::Status PassDump::status() const { return WithExit(state_->status, Exit::kRunFailed); }

}  // namespace otium::cli

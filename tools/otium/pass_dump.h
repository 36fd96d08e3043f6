// SPDX-License-Identifier: Apache-2.0
//
// --dump-passes: the graph before the first pass and after each one, as files.

#ifndef OTIUM_TOOLS_OTIUM_PASS_DUMP_H_
#define OTIUM_TOOLS_OTIUM_PASS_DUMP_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/graph/graph.h"

namespace otium::cli {

// Writes canonical text, in which values keep their names, to a folder (made when
// missing): 00-source.otm, 01-inline_calls.otm, ... Large constants lie beside it as
// .npy. A segment that comes after a size that is data has names of its own:
// 1.00-source.otm and so on.
class PassDump {
 public:
  static absl::StatusOr<PassDump> Start(const std::string& folder);
  // For OptimizeOptions::observe of a program that is planned once.
  std::function<void(absl::string_view, const GraphPtr&)> Observer() const;
  // Whether everything could be written.
  absl::Status status() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace otium::cli

#endif  // OTIUM_TOOLS_OTIUM_PASS_DUMP_H_

// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/stage_printer.h"

#include <utility>

#include "tools/viz/history.h"

namespace otium::viz {

struct StagePrinter::State {
  Segment segment;
  HistoryBuilder history{&segment};
  GraphPtr last;  // The history looks at it once more.
};

StagePrinter::StagePrinter() : state_(std::make_unique<State>()) {}
StagePrinter::~StagePrinter() = default;

std::string StagePrinter::Print(GraphPtr graph, PrintOptions options) {
  if (graph != state_->last) {
    state_->history.AddGraph("", Stage::kPass, *graph);
    state_->last = std::move(graph);
  }
  options.names = names();
  return PrintGraph(*state_->last, options);
}

const std::vector<std::string>& StagePrinter::names() const { return state_->history.names(); }

}  // namespace otium::viz

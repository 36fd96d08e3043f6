// SPDX-License-Identifier: Apache-2.0
//
// The graphs of one segment, stage after stage, as canonical text in which values
// keep their names (value_names.h).

#ifndef OTIUM_TOOLS_VIZ_STAGE_PRINTER_H_
#define OTIUM_TOOLS_VIZ_STAGE_PRINTER_H_

#include <memory>
#include <string>
#include <vector>

#include "engine/graph/graph.h"
#include "engine/graph/text/printer.h"

namespace otium::viz {

class StagePrinter {
 public:
  StagePrinter();
  ~StagePrinter();

  // The next stage; `options.names` is set here.
  std::string Print(GraphPtr graph, PrintOptions options = {});
  // Of the values of the last graph.
  const std::vector<std::string>& names() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_STAGE_PRINTER_H_

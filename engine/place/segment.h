// SPDX-License-Identifier: Apache-2.0
//
// Cutting a graph where a size becomes data: the head has static shapes, but for
// the results that make such sizes; the rest takes values of the head as inputs
// and is a graph like any other, once the sizes are known.

#ifndef OTIUM_ENGINE_PLACE_SEGMENT_H_
#define OTIUM_ENGINE_PLACE_SEGMENT_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/graph/graph.h"

namespace otium {

struct Continuation {
  GraphPtr rest;
  // Where each input of `rest` comes from.
  struct Source {
    bool from_output;  // Of the head's outputs, else of the inputs of the whole.
    int32_t index;
  };
  std::vector<Source> inputs;
  // The output of the whole that each output of the head is (-1: it only feeds
  // the rest), and each output of the rest.
  std::vector<int32_t> head_outputs;
  std::vector<int32_t> rest_outputs;
};

struct Segment {
  GraphPtr head;  // The graph itself when nothing is cut.
  std::optional<Continuation> continuation;
};

// kInvalidArgument when a size is known from neither an input nor a node before.
absl::StatusOr<Segment> CutSegment(const GraphPtr& graph);

}  // namespace otium

#endif  // OTIUM_ENGINE_PLACE_SEGMENT_H_

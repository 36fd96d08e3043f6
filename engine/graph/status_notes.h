// SPDX-License-Identifier: Apache-2.0
//
// What else a status points at besides the place where it went wrong (PositionOf in
// expr.h): the declarations that it disagrees with. Notes travel as payloads, and
// whoever prints the status shows each with its position.

#ifndef OTIUM_ENGINE_GRAPH_STATUS_NOTES_H_
#define OTIUM_ENGINE_GRAPH_STATUS_NOTES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/base/export.h"
#include "engine/graph/graph.h"

namespace otium {

// A position as a payload, in words, because who prints a status prints its payloads:
// "ridge.otm:4:9+6", where 6 is the length.
std::string PayloadOf(const SourcePosition& position);
SourcePosition PositionFromPayload(absl::string_view payload);

struct StatusNote {
  SourcePosition position;
  std::string message;
};

// `status` with one more note; as it is when it is OK or the position is not known.
OTIUM_EXPORT absl::Status WithNote(absl::Status status, SourcePosition position,
                                   absl::string_view message);
// In the order they were added.
OTIUM_EXPORT std::vector<StatusNote> NotesOf(const absl::Status& status);

// Where the user wrote what node `n` was first made from.
OTIUM_EXPORT SourcePosition PositionOf(const Graph& graph, NodeId n);
// Where input `i` is declared, as a note: "A is declared here as f64[n, n] spd".
absl::Status WithDeclaration(absl::Status status, const Graph& graph, const GraphInput& input);

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_STATUS_NOTES_H_

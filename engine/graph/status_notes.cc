// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/status_notes.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace otium {
namespace {

// Between the message of a note and its position. A file name that holds it is cut.
constexpr char kAt = '\n';

// A payload each; a status has a handful at most.
std::string KeyOf(size_t i) { return absl::StrCat("otium/note/", i); }

// Takes the number after the last `mark` off `text`.
uint32_t TakeNumber(char mark, absl::string_view* text) {
  uint32_t number = 0;
  const size_t at = text->rfind(mark);
  if (at == absl::string_view::npos || !absl::SimpleAtoi(text->substr(at + 1), &number)) return 0;
  text->remove_suffix(text->size() - at);
  return number;
}

}  // namespace

std::string PayloadOf(const SourcePosition& position) {
  return absl::StrCat(position.ToString(), "+", position.length);
}

SourcePosition PositionFromPayload(absl::string_view payload) {
  SourcePosition position;
  position.length = TakeNumber('+', &payload);
  position.column = TakeNumber(':', &payload);
  position.line = TakeNumber(':', &payload);
  position.file = InternFileName(payload);
  return position;
}

absl::Status WithNote(absl::Status status, SourcePosition position, absl::string_view message) {
  if (status.ok() || !position.known()) return status;
  const std::string note = absl::StrCat(message, std::string(1, kAt), PayloadOf(position));
  size_t i = 0;
  for (; const auto payload = status.GetPayload(KeyOf(i)); ++i) {
    if (*payload == note) return status;  // Two sizes that one input binds.
  }
  status.SetPayload(KeyOf(i), absl::Cord(note));
  return status;
}

std::vector<StatusNote> NotesOf(const absl::Status& status) {
  std::vector<StatusNote> notes;
  while (const auto payload = status.GetPayload(KeyOf(notes.size()))) {
    const std::string text(*payload);
    const size_t at = text.rfind(kAt);
    notes.push_back({PositionFromPayload(absl::string_view(text).substr(at + 1)),
                     text.substr(0, at)});
  }
  return notes;
}

SourcePosition PositionOf(const Graph& graph, NodeId n) {
  const absl::Span<const SourceId> origins = graph.origins(n);
  return origins.empty() ? SourcePosition{} : graph.sources()->entries[origins[0]].position;
}

absl::Status WithDeclaration(absl::Status status, const Graph& graph, const GraphInput& input) {
  const TensorType& type = graph.type(input.value);
  return WithNote(std::move(status), PositionOf(graph, graph.producer(input.value)),
                  absl::StrCat(input.name, " is declared here as ", type.ToString()));
}

}  // namespace otium

// SPDX-License-Identifier: Apache-2.0
#include "engine/graph/status_notes.h"

#include <cstring>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace otium {
namespace {

// A payload each; a status has a handful at most.
std::string KeyOf(size_t i) { return absl::StrCat("otium/note/", i); }

}  // namespace

absl::Status WithNote(absl::Status status, SourcePosition position, absl::string_view message) {
  if (status.ok() || !position.known()) return status;
  // File names are never freed, so the bytes of a position stay good.
  const absl::string_view bytes(reinterpret_cast<const char*>(&position), sizeof(position));
  const std::string note = absl::StrCat(bytes, message);
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
    const std::string bytes(*payload);
    StatusNote& note = notes.emplace_back();
    if (bytes.size() < sizeof(note.position)) continue;
    std::memcpy(&note.position, bytes.data(), sizeof(note.position));
    note.message = bytes.substr(sizeof(note.position));
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

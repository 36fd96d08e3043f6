// SPDX-License-Identifier: Apache-2.0
//
// The canonical text of a graph, before or after planning: one op a line, every
// value typed, every attribute that is not its default, called and fused graphs
// printed before the graph that uses them.
//
//   graph ridge(A: f64[m, n], b: f64[m]) -> x {
//     v0: f64[n, m] = transpose(A, -2, -1)
//     v1: f64[n, n] psd = mm(v0, A)
//     ...
//
// parse(print(g)) is g (the same fingerprint), and printing that gives the same
// text. Users' names are kept where they are unique, other values are v0, v1, ... or
// as PrintOptions::names says.
// A word more than hand-written files have: `weak` marks a value that takes the
// dtype of what it meets.
//
// Linear in the graph's size, without recursion. Tested by tests/text/.

#ifndef OTIUM_ENGINE_GRAPH_TEXT_PRINTER_H_
#define OTIUM_ENGINE_GRAPH_TEXT_PRINTER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/export.h"
#include "engine/base/tensor.h"
#include "engine/graph/graph.h"

namespace otium {

struct OTIUM_EXPORT PrintOptions {
  // Called for each constant of more than kSmallConstant elements, once; keeps it
  // somewhere and returns the name for `load("...")`. `hint` is a name that is
  // unique within the text, "ridge.c0". Without it (or when it returns "") the
  // text says `elided(...)`, which does not run.
  std::function<std::string(const Tensor& value, absl::string_view hint)> save_constant;
  // The names of the values of `graph` itself, as ChooseValueNames makes them;
  // empty: those it makes when nothing is wanted.
  absl::Span<const std::string> names;
};

// The name of each value, by its id: inputs have theirs, a value that is a result has
// the result's; then what is `wanted` (empty, or as long; "" wants nothing); then
// users' names; then v0, v1, ... in order, from *next_number on, which moves behind
// them. What nothing uses is "_".
OTIUM_EXPORT std::vector<std::string> ChooseValueNames(const Graph& graph,
                                                       absl::Span<const std::string> wanted = {},
                                                       size_t* next_number = nullptr);

OTIUM_EXPORT std::string PrintGraph(const Graph& graph, const PrintOptions& options = {});

}  // namespace otium

#endif  // OTIUM_ENGINE_GRAPH_TEXT_PRINTER_H_

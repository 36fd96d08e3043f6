// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/json_writer.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "tools/viz/display.h"

namespace otium::viz {
namespace {

constexpr double kLargest = 1e12;  // Of which halves are exact, too.

}  // namespace

void JsonWriter::Separate() {
  if (!first_) out_ += ',';
  first_ = false;
}

void JsonWriter::Open(char bracket) {
  Separate();
  out_ += bracket;
  first_ = true;
}

void JsonWriter::Close(char bracket) {
  out_ += bracket;
  first_ = false;
}

void JsonWriter::Key(absl::string_view key) {
  Separate();
  absl::StrAppend(&out_, "\"", key, "\":");
  first_ = true;  // The value follows.
}

void JsonWriter::NewLine() {
  Separate();
  out_ += '\n';
  first_ = true;
}

void JsonWriter::String(absl::string_view text) {
  Separate();
  absl::StrAppend(&out_, JsonString(text));
}

void JsonWriter::Number(double value) {
  Separate();
  absl::StrAppend(&out_, JsonNumber(value));
}

void JsonWriter::List(const std::vector<double>& values) {
  Open('[');
  for (double v : values) Number(v);
  Close(']');
}

void JsonWriter::Column(const std::vector<double>& values) {
  if (values.empty()) return List(values);
  std::vector<double> steps;
  steps.reserve(values.size());
  bool same = true, exact = true;
  double size = 0, steps_size = 0;  // As digits, roughly.
  double before = 0;
  for (double v : values) {
    same = same && v == values[0];
    // Of halves and whole numbers, sums of differences are what they were.
    exact = exact && std::abs(v) < kLargest && v * 2 == std::floor(v * 2);
    steps.push_back(v - before);
    size += std::log10(1 + std::abs(v));
    steps_size += std::log10(1 + std::abs(v - before));
    before = v;
  }
  if (same) return Number(values[0]);
  if (!exact || steps_size >= size) return List(values);
  Open('{');
  Key("steps");
  List(steps);
  Close('}');
}

void JsonWriter::Text(absl::string_view key, absl::string_view text) {
  if (text.empty()) return;
  Key(key);
  String(text);
}

void JsonWriter::Count(absl::string_view key, double value) {
  if (value == 0) return;
  Key(key);
  Number(value);
}

size_t TextTable::Add(absl::string_view text) {
  const auto [it, is_new] = index_.try_emplace(text, texts_.size());
  if (is_new) texts_.push_back(&it->first);
  return it->second;
}

void TextTable::Write(JsonWriter* w) const {
  w->Key("texts");
  w->Open('[');
  for (const std::string* text : texts_) {
    w->NewLine();
    w->String(*text);
  }
  w->Close(']');
}

TableWriter::TableWriter(JsonWriter* w, TextTable* texts, absl::string_view key, size_t rows)
    : w_(*w), texts_(*texts), rows_(rows) {
  w_.NewLine();
  w_.Key(key);
  w_.Open('{');
  w_.Key("rows");
  w_.Number(static_cast<double>(rows));
}

void TableWriter::Begin(absl::string_view key) {
  w_.NewLine();
  w_.Key(key);
}

}  // namespace otium::viz

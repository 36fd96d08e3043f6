// SPDX-License-Identifier: Apache-2.0
//
// JSON straight into a string: a tree of values would take longer than everything
// before it. And tables of it, whose form README.md describes.

#ifndef OTIUM_TOOLS_VIZ_JSON_WRITER_H_
#define OTIUM_TOOLS_VIZ_JSON_WRITER_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/strings/string_view.h"

namespace otium::viz {

class JsonWriter {
 public:
  std::string Take() { return std::move(out_); }

  void Open(char bracket);
  void Close(char bracket);
  void Key(absl::string_view key);
  // Before an element, after the comma that it needs.
  void NewLine();
  void String(absl::string_view text);
  void Number(double value);
  // A column of a table: the number that all are; or what each is more than the one
  // before it, where that is shorter; or all of them.
  void Column(const std::vector<double>& values);

  // Members that say nothing are left out.
  void Text(absl::string_view key, absl::string_view text);
  void Count(absl::string_view key, double value);

 private:
  void Separate();
  void List(const std::vector<double>& values);

  std::string out_;
  bool first_ = true;
};

// Texts by number, each once.
class TextTable {
 public:
  size_t Add(absl::string_view text);
  void Write(JsonWriter* w) const;

 private:
  absl::node_hash_map<std::string, size_t> index_;
  std::vector<const std::string*> texts_;  // The keys of it.
};

// An object of columns, one a line, so that files can be compared.
class TableWriter {
 public:
  TableWriter(JsonWriter* w, TextTable* texts, absl::string_view key, size_t rows);
  ~TableWriter() { w_.Close('}'); }
  TableWriter(const TableWriter&) = delete;
  TableWriter& operator=(const TableWriter&) = delete;

  // `of(row)` is a number, a text, or a list of either.
  template <class Of>
  void Numbers(absl::string_view key, Of of) {
    std::vector<double> values;
    values.reserve(rows_);
    for (size_t row = 0; row < rows_; ++row) values.push_back(static_cast<double>(of(row)));
    Begin(key);
    w_.Column(values);
  }
  template <class Of>
  void Texts(absl::string_view key, Of of) {
    std::vector<double> values;
    values.reserve(rows_);
    for (size_t row = 0; row < rows_; ++row) values.push_back(IndexOf(of(row)));
    Begin(key);
    w_.Open('{');
    w_.Key("text");
    w_.Column(values);
    w_.Close('}');
  }
  template <class Of>
  void NumberLists(absl::string_view key, Of of) {
    Lists(key, "of", of, [](auto value) { return static_cast<double>(value); });
  }
  template <class Of>
  void TextLists(absl::string_view key, Of of) {
    Lists(key, "text", of, [&](const auto& value) { return IndexOf(value); });
  }

 private:
  double IndexOf(absl::string_view text) { return static_cast<double>(texts_.Add(text)); }
  void Begin(absl::string_view key);
  template <class Of, class Value>
  void Lists(absl::string_view key, absl::string_view member, Of of, Value value) {
    std::vector<double> counts, values;
    counts.reserve(rows_);
    for (size_t row = 0; row < rows_; ++row) {
      const auto& list = of(row);
      counts.push_back(static_cast<double>(list.size()));
      for (const auto& element : list) values.push_back(value(element));
    }
    Begin(key);
    w_.Open('{');
    w_.Key("count");
    w_.Column(counts);
    w_.Key(member);
    w_.Column(values);
    w_.Close('}');
  }

  JsonWriter& w_;
  TextTable& texts_;
  const size_t rows_;
};

}  // namespace otium::viz

#endif  // OTIUM_TOOLS_VIZ_JSON_WRITER_H_

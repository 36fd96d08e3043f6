// SPDX-License-Identifier: Apache-2.0
#include "ops/einsum.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "engine/base/status.h"
#include "ops/infer.h"

namespace otium {
namespace {

// One operand's or the result's part of the equation: letters, and how many come
// before the ellipsis (-1: there is none).
struct Subscript {
  std::string letters;
  int ellipsis = -1;
};

// A part of the equation as messages quote it.
std::string Quoted(absl::string_view text) {
  constexpr size_t kMost = 60;
  return absl::StrCat("\"", text.substr(0, kMost), text.size() > kMost ? "..." : "", "\"");
}

absl::StatusOr<Subscript> ParseSubscript(absl::string_view text) {
  Subscript s;
  while (!text.empty()) {
    if (text.substr(0, 3) == "...") {
      if (s.ellipsis >= 0) return InvalidArgument("the equation has two ellipses in one operand");
      s.ellipsis = static_cast<int>(s.letters.size());
      text.remove_prefix(3);
      continue;
    }
    if (!absl::ascii_isalpha(static_cast<unsigned char>(text[0]))) {
      return InvalidArgument("the equation has the character '", text.substr(0, 1),
                             "': letters, commas, '->' and '...' are allowed");
    }
    s.letters.push_back(text[0]);
    text.remove_prefix(1);
  }
  return s;
}

class Namer {
 public:
  explicit Namer(EinsumSpec* spec) : spec_(spec) {}

  int Id(const std::string& name) {
    const auto it = std::find(spec_->names.begin(), spec_->names.end(), name);
    if (it != spec_->names.end()) return static_cast<int>(it - spec_->names.begin());
    spec_->names.push_back(name);
    return static_cast<int>(spec_->names.size()) - 1;
  }
  bool Knows(const std::string& name) const {
    return std::find(spec_->names.begin(), spec_->names.end(), name) != spec_->names.end();
  }
  // `s` with its ellipsis standing for `covered` dimensions.
  std::vector<int> Ids(const Subscript& s, int covered) {
    std::vector<int> ids;
    for (int i = 0; i <= static_cast<int>(s.letters.size()); ++i) {
      for (int e = covered; i == s.ellipsis && e > 0; --e) {
        ids.push_back(Id(absl::StrCat("...", e)));
      }
      if (i < static_cast<int>(s.letters.size())) ids.push_back(Id(std::string(1, s.letters[i])));
    }
    return ids;
  }

 private:
  EinsumSpec* spec_;
};

}  // namespace

absl::StatusOr<EinsumSpec> ParseEinsum(absl::string_view equation, absl::Span<const Shape> shapes) {
  const std::string text = absl::StrReplaceAll(equation, {{" ", ""}});
  const std::vector<std::string> sides = absl::StrSplit(text, absl::MaxSplits("->", 1));
  const std::vector<std::string> terms = absl::StrSplit(sides[0], ',');
  if (terms.size() != shapes.size()) {
    return InvalidArgument("the equation ", Quoted(equation), " has ", terms.size(),
                           terms.size() == 1 ? " operand" : " operands", ", not ", shapes.size());
  }
  EinsumSpec spec;
  Namer namer(&spec);
  int widest = 0;  // Of the ellipses.
  std::string once, letters;
  for (size_t i = 0; i < terms.size(); ++i) {
    OTIUM_ASSIGN_OR_RETURN(const Subscript s, ParseSubscript(terms[i]));
    const int named = static_cast<int>(s.letters.size()), rank = shapes[i].rank();
    if (s.ellipsis < 0 ? named != rank : named > rank) {
      return InvalidArgument("operands[", i, "] has ", rank,
                             rank == 1 ? " dimension" : " dimensions", ", the equation names ",
                             named, " (", Quoted(terms[i]), ")");
    }
    const int covered = s.ellipsis < 0 ? 0 : rank - named;
    widest = std::max(widest, covered);
    spec.operands.push_back(namer.Ids(s, covered));
    absl::StrAppend(&letters, s.letters);
  }
  Subscript result;
  if (sides.size() == 2) {
    OTIUM_ASSIGN_OR_RETURN(result, ParseSubscript(sides[1]));
    for (size_t i = 0; i < result.letters.size(); ++i) {
      const std::string name(1, result.letters[i]);
      if (!namer.Knows(name)) {
        return InvalidArgument("the result has the letter ", name, ", which no operand has");
      }
      if (result.letters.find(name, i + 1) != std::string::npos) {
        return InvalidArgument("the result has the letter ", name, " twice");
      }
    }
  } else {
    // The ellipsis, then the letters that occur once, in alphabetical order.
    result.ellipsis = 0;
    for (char c : letters) {
      if (std::count(letters.begin(), letters.end(), c) == 1) result.letters.push_back(c);
    }
    std::sort(result.letters.begin(), result.letters.end());
  }
  spec.result = namer.Ids(result, result.ellipsis < 0 ? 0 : widest);
  return spec;
}

absl::StatusOr<Dims> EinsumSizes(const EinsumSpec& spec, absl::Span<const Shape> shapes) {
  Dims sizes(spec.names.size(), Dim(1));
  for (size_t i = 0; i < spec.operands.size(); ++i) {
    const std::vector<int>& names = spec.operands[i];
    for (size_t d = 0; d < names.size(); ++d) {
      const Dim& size = shapes[i][static_cast<int>(d)];
      const auto first = std::find(names.begin(), names.end(), names[d]) - names.begin();
      if (!(shapes[i][static_cast<int>(first)] == size)) {
        return InvalidArgument(
            "operands[", i, "] is ", shapes[i].ToString(), ": ", spec.names[names[d]], " is ",
            shapes[i][static_cast<int>(first)].ToString(), " and ", size.ToString());
      }
      Dim& known = sizes[names[d]];
      if (known.Is(1)) {
        known = size;
      } else if (!size.Is(1) && !(known == size)) {
        return InvalidArgument("operands[", i, "] is ", shapes[i].ToString(), ": ",
                               spec.names[names[d]], " is ", size.ToString(), " there and ",
                               known.ToString(), " before");
      }
    }
  }
  return sizes;
}

absl::StatusOr<ContractedDims> TensordotDims(const Attributes& attributes, int rank_a, int rank_b) {
  const Ints* both = attributes.Find<Ints>("dims");
  ContractedDims dims;
  if (both == nullptr) {
    const int64_t count = attributes.Get<int64_t>("dims");
    if (count < 0 || count > std::min(rank_a, rank_b)) {
      return InvalidArgument("dims is ", count, ", a has ", rank_a,
                             rank_a == 1 ? " dimension" : " dimensions", " and b has ", rank_b);
    }
    for (int i = 0; i < count; ++i) {
      dims.a.push_back(rank_a - static_cast<int>(count) + i);
      dims.b.push_back(i);
    }
    return dims;
  }
  const auto middle = both->begin() + static_cast<ptrdiff_t>(both->size() / 2);
  const Ints of_a(both->begin(), middle), of_b(middle, both->end());
  OTIUM_ASSIGN_OR_RETURN(dims.a, NormalizeDims(&of_a, rank_a));
  OTIUM_ASSIGN_OR_RETURN(dims.b, NormalizeDims(&of_b, rank_b));
  if ((rank_a == 0 || rank_b == 0) && !dims.a.empty()) {
    return InvalidArgument("a scalar has no dimension to contract");
  }
  return dims;
}

}  // namespace otium

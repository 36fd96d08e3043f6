// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/line_diff.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

namespace otium::viz {
namespace {

using Lines = absl::Span<const absl::string_view>;

constexpr int kMaxEdits = 500;
constexpr size_t kContext = 3;

class Matcher {
 public:
  Matcher(Lines a, Lines b) : a_(a), b_(b) {}

  std::vector<KeptLines> Run() {
    size_t head = 0, a_end = a_.size(), b_end = b_.size();
    while (head < a_end && head < b_end && a_[head] == b_[head]) ++head;
    while (a_end > head && b_end > head && a_[a_end - 1] == b_[b_end - 1]) --a_end, --b_end;
    Keep(0, 0, head);
    size_t a = head, b = head;
    for (const auto& [a_anchor, b_anchor] : Anchors(head, a_end, b_end)) {
      Gap(a, a_anchor, b, b_anchor);
      Keep(a_anchor, b_anchor, 1);
      a = a_anchor + 1;
      b = b_anchor + 1;
    }
    Gap(a, a_end, b, b_end);
    Keep(a_end, b_end, a_.size() - a_end);
    return std::move(kept_);
  }

 private:
  void Keep(size_t a, size_t b, size_t size) {
    if (size == 0) return;
    if (!kept_.empty()) {
      KeptLines& last = kept_.back();
      if (last.a_begin + last.size == a && last.b_begin + last.size == b) {
        last.size += size;
        return;
      }
    }
    kept_.push_back({a, b, size});
  }

  // The longest sequence of lines that are unique in both and in the same order, of
  // those behind `begin` in both and before the ends.
  std::vector<std::pair<size_t, size_t>> Anchors(size_t begin, size_t a_end, size_t b_end) const {
    struct Seen {
      size_t in_a = 0, in_b = 0;  // How often.
      size_t at_b = 0;
    };
    absl::flat_hash_map<absl::string_view, Seen> seen;
    for (const absl::string_view line : a_) ++seen[line].in_a;
    for (size_t i = 0; i < b_.size(); ++i) {
      Seen& s = seen[b_[i]];
      ++s.in_b;
      s.at_b = i;
    }
    std::vector<std::pair<size_t, size_t>> unique;
    for (size_t i = begin; i < a_end; ++i) {
      const Seen& s = seen[a_[i]];
      if (s.in_a == 1 && s.in_b == 1 && s.at_b >= begin && s.at_b < b_end)
        unique.emplace_back(i, s.at_b);
    }
    // Ends of the sequences of each length whose last line comes first in b.
    constexpr size_t kNone = ~size_t{0};
    std::vector<size_t> ends, before(unique.size(), kNone);
    for (size_t i = 0; i < unique.size(); ++i) {
      const auto place = std::lower_bound(
          ends.begin(), ends.end(), i,
          [&](size_t end, size_t line) { return unique[end].second < unique[line].second; });
      if (place != ends.begin()) before[i] = *(place - 1);
      if (place == ends.end()) {
        ends.push_back(i);
      } else {
        *place = i;
      }
    }
    std::vector<std::pair<size_t, size_t>> anchors;
    for (size_t i = ends.empty() ? kNone : ends.back(); i != kNone; i = before[i]) {
      anchors.push_back(unique[i]);
    }
    std::reverse(anchors.begin(), anchors.end());
    return anchors;
  }

  // The shortest script between two anchors, if it is short enough.
  void Gap(size_t a_begin, size_t a_end, size_t b_begin, size_t b_end) {
    const auto n = static_cast<int64_t>(a_end - a_begin), m = static_cast<int64_t>(b_end - b_begin);
    if (n == 0 || m == 0) return;
    // reach[d][k + d]: how far into `a` d edits lead on diagonal k = x - y.
    std::vector<std::vector<int64_t>> reach;
    for (int64_t d = 0; d <= std::min<int64_t>(kMaxEdits, n + m); ++d) {
      std::vector<int64_t>& now = reach.emplace_back(2 * d + 1, kOutside);
      for (int64_t k = -d; k <= d; k += 2) {
        int64_t x = d == 0 ? 0 : From(reach[d - 1], d - 1, k, n, m).first;
        if (x < 0) continue;
        while (x < n && x - k < m && a_[a_begin + x] == b_[b_begin + x - k]) ++x;
        now[k + d] = x;
        if (x == n && x - k == m) {
          Trace(reach, a_begin, b_begin, n, m);
          return;
        }
      }
    }
  }

  static constexpr int64_t kOutside = -(int64_t{1} << 40);

  // Where one more than d edits lead to on diagonal k, and the diagonal they come from.
  static std::pair<int64_t, int64_t> From(const std::vector<int64_t>& before, int64_t d, int64_t k,
                                          int64_t n, int64_t m) {
    const auto at = [&](int64_t diagonal) {
      return diagonal < -d || diagonal > d ? kOutside : before[diagonal + d];
    };
    // One line of a removed, or one of b added; neither from behind the end.
    const auto inside = [&](int64_t x) { return x <= n && x - k <= m ? x : kOutside; };
    const int64_t removed = inside(at(k - 1) + 1), added = inside(at(k + 1));
    return removed > added ? std::pair(removed, k - 1) : std::pair(added, k + 1);
  }

  void Trace(const std::vector<std::vector<int64_t>>& reach, size_t a_begin, size_t b_begin,
             int64_t n, int64_t m) {
    int64_t k = n - m;
    std::vector<KeptLines> backwards;
    for (auto d = static_cast<int64_t>(reach.size()) - 1; d >= 0; --d) {
      const int64_t end = reach[d][k + d];
      const auto [begin, from] =
          d == 0 ? std::pair<int64_t, int64_t>(0, 0) : From(reach[d - 1], d - 1, k, n, m);
      if (end > begin) {
        backwards.push_back(
            {a_begin + begin, b_begin + begin - k, static_cast<size_t>(end - begin)});
      }
      k = from;
    }
    for (auto it = backwards.rbegin(); it != backwards.rend(); ++it) {
      Keep(it->a_begin, it->b_begin, it->size);
    }
  }

  const Lines a_, b_;
  std::vector<KeptLines> kept_;
};

std::vector<absl::string_view> SplitLines(absl::string_view text) {
  std::vector<absl::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1);
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

// "3,5", or as diff has it "3" for one line, and the line before for none.
std::string Range(size_t begin, size_t size) {
  if (size == 1) return absl::StrCat(begin + 1);
  return absl::StrCat(size == 0 ? begin : begin + 1, ",", size);
}

class Hunks {
 public:
  Hunks(Lines a, Lines b, size_t max_lines) : a_(a), b_(b), max_lines_(max_lines) {}

  LineDiff Write(std::vector<KeptLines> kept) {
    kept.push_back({a_.size(), b_.size(), 0});
    size_t a = 0, b = 0;
    for (const KeptLines& k : kept) {
      if (k.a_begin > a || k.b_begin > b) {
        const size_t before = std::min(kContext, a - a_done_);
        // What stays between two changes, when it is short, is told as one.
        if (open_ && a - a_end_ <= 2 * kContext) {
          Extend(a, b);
        } else {
          Flush();
          open_ = true;
          a_begin_ = a - before;
          b_begin_ = b - before;
          a_end_ = a_begin_;
          b_end_ = b_begin_;
          Extend(a, b);
        }
        for (; a < k.a_begin; ++a, ++diff_.removed) hunk_.push_back({'-', a_[a]});
        for (; b < k.b_begin; ++b, ++diff_.added) hunk_.push_back({'+', b_[b]});
        a_end_ = a;
        b_end_ = b;
      }
      a = k.a_begin + k.size;
      b = k.b_begin + k.size;
    }
    Flush();
    return std::move(diff_);
  }

 private:
  void Extend(size_t a, size_t b) {
    for (; a_end_ < a; ++a_end_) hunk_.push_back({' ', a_[a_end_]});
    b_end_ = b;
  }

  void Flush() {
    if (!open_) return;
    const size_t after = std::min(kContext, a_.size() - a_end_);
    Extend(a_end_ + after, b_end_ + after);
    Line(absl::StrCat("@@ -", Range(a_begin_, a_end_ - a_begin_), " +",
                      Range(b_begin_, b_end_ - b_begin_), " @@"));
    for (const auto& [mark, line] : hunk_) Line(absl::StrCat(std::string(1, mark), line));
    hunk_.clear();
    a_done_ = a_end_;
    open_ = false;
  }

  void Line(absl::string_view line) {
    if (lines_++ < max_lines_) {
      absl::StrAppend(&diff_.text, line, "\n");
    } else {
      ++diff_.left_out;
    }
  }

  const Lines a_, b_;
  const size_t max_lines_;
  LineDiff diff_;
  size_t lines_ = 0;
  // The hunk that is being made.
  bool open_ = false;
  size_t a_begin_ = 0, a_end_ = 0, b_begin_ = 0, b_end_ = 0;
  size_t a_done_ = 0;
  std::vector<std::pair<char, absl::string_view>> hunk_;
};

}  // namespace

std::vector<KeptLines> MatchLines(Lines a, Lines b) { return Matcher(a, b).Run(); }

LineDiff DiffLines(absl::string_view a, absl::string_view b, size_t max_lines) {
  const std::vector<absl::string_view> a_lines = SplitLines(a), b_lines = SplitLines(b);
  return Hunks(a_lines, b_lines, max_lines).Write(MatchLines(a_lines, b_lines));
}

}  // namespace otium::viz

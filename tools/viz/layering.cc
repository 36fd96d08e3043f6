// SPDX-License-Identifier: Apache-2.0
#include "tools/viz/layering.h"

#include <algorithm>
#include <utility>

namespace otium::viz {
namespace {

// Lists of indices in one array, by key.
void Collect(int keys, const std::vector<int>& key_of, std::vector<int>* begin,
             std::vector<int>* list) {
  begin->assign(keys + 1, 0);
  for (int k : key_of) {
    if (k >= 0) ++(*begin)[k + 1];
  }
  for (int k = 0; k < keys; ++k) (*begin)[k + 1] += (*begin)[k];
  std::vector<int> at(begin->begin(), begin->end() - 1);
  list->assign(begin->back(), 0);
  for (size_t i = 0; i < key_of.size(); ++i) {
    if (key_of[i] >= 0) (*list)[at[key_of[i]]++] = static_cast<int>(i);
  }
}

class Layerer {
 public:
  Layerer(const std::vector<LayoutBox>& boxes, const std::vector<LayoutEdge>& edges)
      : boxes_(boxes), edges_(edges), n_(static_cast<int>(boxes.size())) {}

  Layering Run() {
    SortTopologically();
    ChooseRows();
    MakeSlots();
    return std::move(result_);
  }

 private:
  void SortTopologically() {
    std::vector<int> from(edges_.size()), to(edges_.size());
    for (size_t e = 0; e < edges_.size(); ++e) {
      const bool loop = edges_[e].from == edges_[e].to;
      from[e] = loop ? -1 : edges_[e].from;
      to[e] = loop ? -1 : edges_[e].to;
    }
    std::vector<int> begin, out;
    Collect(n_, from, &begin, &out);
    std::vector<int> missing(n_, 0);
    for (int t : to) {
      if (t >= 0) ++missing[t];
    }
    position_.assign(n_, -1);
    std::vector<int> ready;
    int next_start = 0;
    while (static_cast<int>(order_.size()) < n_) {
      if (ready.empty()) {
        // The next box that waits for nothing; in a cycle, the first one.
        int start = next_start;
        while (start < n_ && (position_[start] >= 0 || missing[start] > 0)) ++start;
        if (start == n_) {
          start = first_unplaced_;
          while (position_[start] >= 0) ++start;
          first_unplaced_ = start;
        } else {
          next_start = start + 1;
        }
        position_[start] = static_cast<int>(order_.size());
        order_.push_back(start);
        Release(start, begin, out, &missing, &ready);
        continue;
      }
      const int v = ready.back();
      ready.pop_back();
      if (position_[v] >= 0) continue;
      position_[v] = static_cast<int>(order_.size());
      order_.push_back(v);
      Release(v, begin, out, &missing, &ready);
    }
  }

  void Release(int v, const std::vector<int>& begin, const std::vector<int>& out,
               std::vector<int>* missing, std::vector<int>* ready) {
    for (int i = begin[v + 1]; i-- > begin[v];) {
      const int t = edges_[out[i]].to;
      if (--(*missing)[t] == 0 && position_[t] < 0) ready->push_back(t);
    }
  }

  // (above, below) of an edge, cycles broken.
  std::pair<int, int> Ends(int e) const {
    const LayoutEdge& edge = edges_[e];
    return position_[edge.from] < position_[edge.to] ? std::pair(edge.from, edge.to)
                                                     : std::pair(edge.to, edge.from);
  }

  void ChooseRows() {
    const int m = static_cast<int>(edges_.size());
    std::vector<int> above(m), below(m);
    std::vector<int> in_degree(n_, 0), out_degree(n_, 0);
    for (int e = 0; e < m; ++e) {
      const bool loop = edges_[e].from == edges_[e].to;
      const auto [a, b] = Ends(e);
      above[e] = loop ? -1 : a;
      below[e] = loop ? -1 : b;
      if (loop) continue;
      ++out_degree[a];
      ++in_degree[b];
    }
    std::vector<int> begin, out;
    Collect(n_, above, &begin, &out);
    row_.assign(n_, 0);
    for (int v = 0; v < n_; ++v) has_top_ = has_top_ || boxes_[v].pinned == Pinned::kTop;
    int last = 0;
    bool has_bottom = false;
    for (int v : order_) {
      if (boxes_[v].pinned != Pinned::kTop && has_top_) row_[v] = std::max(row_[v], 1);
      if (boxes_[v].pinned == Pinned::kTop) row_[v] = 0;
      has_bottom = has_bottom || boxes_[v].pinned == Pinned::kBottom;
      if (boxes_[v].pinned != Pinned::kBottom) last = std::max(last, row_[v]);
      for (int i = begin[v]; i < begin[v + 1]; ++i) {
        int& row = row_[below[out[i]]];
        row = std::max(row, row_[v] + 1);
      }
    }
    if (has_bottom) {
      ++last;
      for (int v = 0; v < n_; ++v) {
        if (boxes_[v].pinned == Pinned::kBottom) row_[v] = last;
      }
    }
    // What has more readers than it reads moves down to them: inputs most of all.
    for (size_t i = order_.size(); i-- > 0;) {
      const int v = order_[i];
      if (boxes_[v].pinned != Pinned::kNo || out_degree[v] <= in_degree[v]) continue;
      int lowest = last + 1;
      for (int k = begin[v]; k < begin[v + 1]; ++k) {
        lowest = std::min(lowest, row_[below[out[k]]] - 1);
      }
      if (lowest <= last) row_[v] = std::max(row_[v], lowest);
    }
    num_rows_ = n_ == 0 ? 0 : 1 + *std::max_element(row_.begin(), row_.end());
  }

  // The longest lines that get places, so that there are not too many.
  int LongestWithPlaces() const {
    std::vector<int64_t> reach(n_, 0);  // Rows below that lines of each box go to.
    for (int e = 0; e < static_cast<int>(edges_.size()); ++e) {
      const auto [a, b] = Ends(e);
      reach[a] = std::max<int64_t>(reach[a], row_[b] - row_[a]);
    }
    std::vector<int64_t> of_length(num_rows_ + 1, 0);
    for (int64_t r : reach) ++of_length[r];
    const int64_t limit = static_cast<int64_t>(n_) + static_cast<int64_t>(edges_.size()) + 4000;
    int64_t places = 0;
    int longest = 0;
    for (int length = 1; length <= num_rows_; ++length) {
      places += of_length[length] * (length - 1);
      if (places > limit) break;
      longest = length;
    }
    return longest;
  }

  void MakeSlots() {
    Layering& r = result_;
    for (int v = 0; v < n_; ++v) r.slots.push_back({v, row_[v], boxes_[v].width, 0});
    const int m = static_cast<int>(edges_.size());
    const int longest = LongestWithPlaces();
    r.paths.resize(m);
    r.turned.resize(m, false);
    // Lines of one box share places, if they leave it at one point: by box and
    // beginning, the slots so far, one a row.
    std::vector<int> above(m);
    for (int e = 0; e < m; ++e) {
      above[e] = edges_[e].from == edges_[e].to ? -1 : Ends(e).first;
      r.turned[e] = above[e] >= 0 && above[e] != edges_[e].from;
    }
    std::vector<int> begin, out;
    Collect(n_, above, &begin, &out);
    std::vector<std::pair<double, std::vector<int>>> trunks;
    for (int v : order_) {
      trunks.clear();
      for (int i = begin[v]; i < begin[v + 1]; ++i) {
        const int e = out[i];
        const int b = Ends(e).second;
        const double from_x = r.turned[e] ? edges_[e].to_x : edges_[e].from_x;
        const double to_x = r.turned[e] ? edges_[e].from_x : edges_[e].to_x;
        const double from_dx = from_x == kAnywhere ? 0 : from_x - boxes_[v].width / 2;
        const double to_dx = to_x == kAnywhere ? 0 : to_x - boxes_[b].width / 2;
        const int length = row_[b] - row_[v];
        if (length < 1) continue;  // Both pinned to one row: no way to draw it.
        std::vector<int>& path = r.paths[e];
        path.push_back(v);
        if (length > 1 && length <= longest) {
          auto trunk = std::find_if(trunks.begin(), trunks.end(),
                                    [&](const auto& t) { return t.first == from_dx; });
          if (trunk == trunks.end()) trunk = trunks.insert(trunk, {from_dx, {v}});
          std::vector<int>& slots = trunk->second;
          while (static_cast<int>(slots.size()) < length) {
            const int slot = static_cast<int>(r.slots.size());
            r.slots.push_back({-1, row_[v] + static_cast<int>(slots.size()), 1, 0});
            r.links.push_back({slots.back(), slot, slots.size() == 1 ? from_dx : 0, 0});
            slots.push_back(slot);
          }
          path.insert(path.end(), slots.begin() + 1, slots.begin() + length);
          r.links.push_back({path.back(), b, 0, to_dx});
        } else if (length == 1) {
          r.links.push_back({v, b, from_dx, to_dx});
        }
        path.push_back(b);
      }
    }
    r.rows.resize(num_rows_);
    // In the order of the sort, which follows lines; passing lines beside their box.
    for (int v : order_) r.rows[row_[v]].push_back(v);
    for (int s = n_; s < static_cast<int>(r.slots.size()); ++s) r.rows[r.slots[s].row].push_back(s);
    std::vector<int> upper(r.links.size()), lower(r.links.size());
    for (size_t l = 0; l < r.links.size(); ++l) {
      upper[l] = r.links[l].from;
      lower[l] = r.links[l].to;
    }
    const int slots = static_cast<int>(r.slots.size());
    Collect(slots, upper, &r.down_begin, &r.down);
    Collect(slots, lower, &r.up_begin, &r.up);
  }

  const std::vector<LayoutBox>& boxes_;
  const std::vector<LayoutEdge>& edges_;
  const int n_;
  std::vector<int> order_, position_, row_;
  int num_rows_ = 0, first_unplaced_ = 0;
  bool has_top_ = false;
  Layering result_;
};

}  // namespace

Layering MakeLayering(const std::vector<LayoutBox>& boxes, const std::vector<LayoutEdge>& edges) {
  return Layerer(boxes, edges).Run();
}

}  // namespace otium::viz

// SPDX-License-Identifier: Apache-2.0
//
// The question of placement, free of graphs: items that cost different time on
// different devices, and values that go from one item to others and must be
// copied once to every device where they are wanted.
//
//   time = sum of the items' costs + for each value, for each device other than
//          its producer's that has a consumer, the copy there
//
// For two devices the least time is a minimum cut: an item on the source's side
// is on device 0; its cost on device 0 is an edge to the sink, that on device 1
// an edge from the source. A value is two vertices, one for each direction in
// which it may have to go, so that it pays once however many consumers it has.
// See H. S. Stone, "Multiprocessor Scheduling with the Aid of Network Flow
// Algorithms" (1977); the value vertices are its hyperedges.

#ifndef OTIUM_ENGINE_PLACE_ASSIGNMENT_H_
#define OTIUM_ENGINE_PLACE_ASSIGNMENT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace otium {

// Times are picoseconds: whole numbers have one order of summation.
struct AssignmentProblem {
  struct Item {
    std::vector<int64_t> cost;  // Per device.
    int fixed = -1;             // The one device that is allowed, or -1.
    // Values, by index.
    std::vector<int> consumes;
    std::vector<int> produces;
  };
  struct Value {
    int producer = 0;
    std::vector<int> consumers;  // Items, each once; not the producer.
    // copy[from * num_devices + to]
    std::vector<int64_t> copy;
  };
  int num_devices = 1;
  std::vector<Item> items;  // Producers before consumers.
  std::vector<Value> values;

  int64_t Copy(const Value& v, int from, int to) const { return v.copy[from * num_devices + to]; }
};

// The time of an assignment: a device for each item.
int64_t PredictedTime(const AssignmentProblem& problem, const std::vector<int>& devices);

// The best assignment of two devices, on graphs of some thousands of items. Of
// several, the one with the fewest items on device 1.
std::vector<int> AssignByCut(const AssignmentProblem& problem);

// For any number of devices and items, in linear time: the better of two starts
// (all on device 0; every item where its own history is cheapest), improved by
// moving single items while that helps. Never worse than all on device 0.
std::vector<int> AssignByMoves(const AssignmentProblem& problem);

// By cut where that is possible.
std::vector<int> Assign(const AssignmentProblem& problem);

// An assignment that knows how many consumers of each value are where, so that
// the effect of a move is found without looking at all consumers.
class AssignmentMoves {
 public:
  AssignmentMoves(const AssignmentProblem& problem, std::vector<int> devices);

  const std::vector<int>& devices() const { return devices_; }
  // What moving one item adds to the time.
  int64_t CostOfMove(int item, int to) const;
  void Move(int item, int to);
  // Moves single items as long as that helps, at most a few times each.
  void Improve();

 private:
  std::size_t At(int value, int device) const {
    return static_cast<std::size_t>(value) * problem_.num_devices + device;
  }
  const AssignmentProblem& problem_;
  std::vector<int> devices_;
  std::vector<int> consumers_;  // Per value and device.
};

}  // namespace otium

#endif  // OTIUM_ENGINE_PLACE_ASSIGNMENT_H_

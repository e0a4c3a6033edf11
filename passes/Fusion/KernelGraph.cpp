// KernelGraph.cpp - groups and their topological order.
#include "KernelGraph.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cameo;

/// Groups that one join may look at; keeps the pass linear on graphs with wide detours.
static constexpr size_t kMostVisited = 512;

KernelGraph::KernelGraph(Block &block) : block(block) {
  for (Operation &op : block) {
    number[&op] = members.size();
    group.push_back(members.size());
    order.push_back(members.size());
    members.push_back({&op});
  }
  users.resize(members.size());
  producers.resize(members.size());
  mark.resize(members.size());
  for (Operation &op : block)
    for (Operation *user : op.getUsers())
      if (Operation *at = inBlock(user)) {
        users[number[&op]].push_back(number[at]);
        producers[number[at]].push_back(number[&op]);
      }
}

bool KernelGraph::feeds(unsigned a, unsigned b) const {
  return llvm::any_of(members[a], [&](Operation *op) {
    return llvm::any_of(users[number.lookup(op)], [&](unsigned user) { return group[user] == b; });
  });
}

/// Finds the groups with low < order < high that `neighbours` lead to from `from`, except `to`; false when `to` can be
/// reached through one of them, or the search gets long.
template <typename Neighbours>
bool KernelGraph::reach(unsigned from, unsigned to, int64_t low, int64_t high, Neighbours neighbours,
                        std::vector<unsigned> &found) {
  ++search;
  mark[from] = search;
  std::vector<unsigned> work{from};
  while (!work.empty()) {
    unsigned at = work.back();
    work.pop_back();
    for (Operation *op : members[at])
      for (unsigned neighbour : neighbours(number.lookup(op))) {
        unsigned next = group[neighbour];
        if (next == to && at != from)
          return false;
        if (next == to || mark[next] == search || order[next] <= low || order[next] >= high)
          continue;
        mark[next] = search;
        found.push_back(next);
        work.push_back(next);
        if (found.size() > kMostVisited)
          return false;
      }
  }
  return true;
}

bool KernelGraph::leadsAround(unsigned from, unsigned to, llvm::function_ref<bool(unsigned)> ignored) {
  ++search;
  mark[from] = search;
  std::vector<unsigned> work{from};
  while (!work.empty()) {
    unsigned at = work.back();
    work.pop_back();
    for (Operation *op : members[at])
      for (unsigned user : users[number.lookup(op)]) {
        unsigned next = group[user];
        if (next == to && at != from)
          return true;
        if (next == to || mark[next] == search || order[next] >= order[to] || ignored(next))
          continue;
        mark[next] = search;
        work.push_back(next);
      }
  }
  return false;
}

bool KernelGraph::join(unsigned a, unsigned b) {
  unsigned first = order[a] < order[b] ? a : b, last = first == a ? b : a;
  std::vector<unsigned> behind, before;
  if (!reach(
          first, last, order[first], order[last], [&](unsigned op) { return ArrayRef<unsigned>(users[op]); }, behind) ||
      !reach(
          last, first, order[first], order[last], [&](unsigned op) { return ArrayRef<unsigned>(producers[op]); },
          before))
    return false;

  for (Operation *op : members[b])
    group[number[op]] = a;
  members[a].append(members[b]);
  members[b].clear();
  llvm::sort(members[a], [&](Operation *x, Operation *y) { return number[x] < number[y]; });

  // What the later one needs goes in front, what needs the earlier one behind; all within the places they had.
  auto byOrder = [&](unsigned x, unsigned y) { return order[x] < order[y]; };
  llvm::sort(before, byOrder);
  llvm::sort(behind, byOrder);
  std::vector<int64_t> places{order[first], order[last]};
  for (unsigned g : before)
    places.push_back(order[g]);
  for (unsigned g : behind)
    places.push_back(order[g]);
  llvm::sort(places);
  size_t next = 0;
  for (unsigned g : before)
    order[g] = places[next++];
  order[a] = places[next++];
  for (unsigned g : behind)
    order[g] = places[next++];
  return true;
}

void KernelGraph::sortBlock() {
  std::vector<unsigned> groups;
  for (auto [g, ops] : llvm::enumerate(members))
    if (!ops.empty())
      groups.push_back(g);
  llvm::sort(groups, [&](unsigned x, unsigned y) { return order[x] < order[y]; });
  for (unsigned g : groups)
    for (Operation *op : members[g])
      op->moveBefore(&block, block.end());
}

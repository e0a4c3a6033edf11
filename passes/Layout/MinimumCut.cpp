// MinimumCut.cpp - see MinimumCut.h.
#include "MinimumCut.h"
#include <algorithm>

using namespace cameo;

void MinimumCut::addEdge(size_t from, size_t to, int64_t capacity) {
  if (capacity <= 0 || from == to)
    return;
  edges[from].push_back({to, capacity, edges[to].size()});
  edges[to].push_back({from, 0, edges[from].size() - 1});
}

bool MinimumCut::findLevels() {
  levels.assign(edges.size(), -1);
  levels[kSource] = 0;
  std::vector<size_t> queue{kSource};
  for (size_t i = 0; i < queue.size(); ++i)
    for (const Edge &edge : edges[queue[i]])
      if (edge.room > 0 && levels[edge.to] < 0) {
        levels[edge.to] = levels[queue[i]] + 1;
        queue.push_back(edge.to);
      }
  return levels[kSink] >= 0;
}

/// One augmenting path along rising levels; not recursive, because graphs are as deep as models.
int64_t MinimumCut::push(size_t start) {
  std::vector<std::pair<size_t, size_t>> path; // node, edge taken
  size_t node = start;
  while (node != kSink) {
    bool advanced = false;
    for (size_t &i = next[node]; i < edges[node].size(); ++i) {
      const Edge &edge = edges[node][i];
      if (edge.room > 0 && levels[edge.to] == levels[node] + 1) {
        path.push_back({node, i});
        node = edge.to;
        advanced = true;
        break;
      }
    }
    if (advanced)
      continue;
    if (path.empty())
      return 0;
    node = path.back().first;
    path.pop_back();
    ++next[node];
  }
  int64_t amount = kNever;
  for (auto [from, i] : path)
    amount = std::min(amount, edges[from][i].room);
  for (auto [from, i] : path) {
    Edge &edge = edges[from][i];
    edge.room -= amount;
    edges[edge.to][edge.back].room += amount;
  }
  return amount;
}

int64_t MinimumCut::solve(std::vector<bool> &onSourceSide) {
  int64_t total = 0;
  while (findLevels()) {
    next.assign(edges.size(), 0);
    while (int64_t amount = push(kSource))
      total += amount;
  }
  // Whatever cannot reach the sink any more may stay with the source.
  onSourceSide.assign(edges.size(), true);
  onSourceSide[kSink] = false;
  std::vector<size_t> queue{kSink};
  for (size_t i = 0; i < queue.size(); ++i)
    for (const Edge &edge : edges[queue[i]])
      if (edges[edge.to][edge.back].room > 0 && onSourceSide[edge.to]) {
        onSourceSide[edge.to] = false;
        queue.push_back(edge.to);
      }
  return total;
}

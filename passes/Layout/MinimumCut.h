// MinimumCut.h - the cheapest way to separate a source from a sink by cutting edges: Dinic's maximum flow.
// Source: Dinic 1970; a maximum flow saturates a minimum cut (Ford and Fulkerson 1956).
#ifndef CAMEO_PASSES_LAYOUT_MINIMUMCUT_H
#define CAMEO_PASSES_LAYOUT_MINIMUMCUT_H

#include <cstdint>
#include <vector>

namespace cameo {

class MinimumCut {
public:
  static constexpr size_t kSource = 0, kSink = 1;
  /// A capacity that no cut pays.
  static constexpr int64_t kNever = int64_t(1) << 60;

  MinimumCut() : edges(2) {}
  size_t addNode() {
    edges.emplace_back();
    return edges.size() - 1;
  }
  /// Cutting this edge costs `capacity`: it is paid when `from` ends up on the source's side and `to` on the sink's.
  void addEdge(size_t from, size_t to, int64_t capacity);
  /// Which nodes are on the source's side; among minimum cuts, the one with the largest source's side. Returns its
  /// cost.
  int64_t solve(std::vector<bool> &onSourceSide);

private:
  struct Edge {
    size_t to;
    int64_t room; ///< capacity left
    size_t back;  ///< number of the opposite edge in edges[to]
  };
  bool findLevels();
  int64_t push(size_t start);

  std::vector<std::vector<Edge>> edges;
  std::vector<int> levels;
  std::vector<size_t> next; ///< first edge of a node not yet found useless in this phase
};

} // namespace cameo
#endif

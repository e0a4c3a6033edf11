// Trees.cpp - checks an ensemble and numbers its nodes for cameo.tree_ensemble.
#include "Trees.h"
#include "Compose.h"
#include <limits>

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

using Mode = TreeEnsemble::Mode;

std::optional<Mode> cameo::onnx::treeMode(StringRef name) {
  return llvm::StringSwitch<std::optional<Mode>>(name)
      .Case("LEQ", Mode::LessEqual)
      .Case("LT", Mode::Less)
      .Case("GTE", Mode::GreaterEqual)
      .Case("GT", Mode::Greater)
      .Case("EQ", Mode::Equal)
      .Case("NEQ", Mode::NotEqual)
      .Default(std::nullopt);
}

namespace {

/// Bits of a node's feature, as cameo.tree_ensemble has them.
constexpr int64_t kModeShift = 24, kMissingBit = 26;

class Numbering {
public:
  Numbering(OpBinder &op, const TreeEnsemble &ensemble) : op(op), ensemble(ensemble) {}

  Value build();

private:
  LogicalResult checkLinks(int64_t features);
  LogicalResult place();
  void normalize();
  template <typename T> Value constant(ArrayRef<int64_t> shape, Type type, ArrayRef<T> values) {
    return ConstantOp::create(op.builder, op.loc, RankedTensorType::get(shape, type),
                              DenseElementsAttr::get(RankedTensorType::get(shape, type), values));
  }
  template <typename Bits, typename Real> Value nodesConstant(Type type);
  std::pair<Value, Value> leafConstants(Type type);
  int64_t position(TreeEnsemble::Link link) const {
    return link.isLeaf ? int64_t(ensemble.nodes.size()) + link.index : places[link.index];
  }

  OpBinder &op;
  const TreeEnsemble &ensemble;
  std::vector<TreeEnsemble::Node> nodes; ///< with modes that tree_ensemble has, in the order of their places
  std::vector<int64_t> places;           ///< of the ensemble's nodes
  std::vector<int64_t> depths;           ///< of the trees
  llvm::SmallVector<Mode> modes;
  bool hasMissing = false;
};

} // namespace

LogicalResult Numbering::checkLinks(int64_t features) {
  auto leadsSomewhere = [&](TreeEnsemble::Link link) {
    return link.index >= 0 && size_t(link.index) < (link.isLeaf ? ensemble.leaves.size() : ensemble.nodes.size());
  };
  for (auto [i, root] : llvm::enumerate(ensemble.roots))
    if (!leadsSomewhere(root))
      return op.error("E-TREE", "tree " + Twine(i) + " begins at a node that does not exist");
  for (const TreeEnsemble::Node &node : ensemble.nodes) {
    if (!leadsSomewhere(node.yes) || !leadsSomewhere(node.no))
      return op.error("E-TREE", "the " + Twine(leadsSomewhere(node.yes) ? "false" : "true") + " branch of " +
                                    node.name + " leads to a node that does not exist");
    if (node.feature < 0 || node.feature >= features)
      return op.error("E-TREE", node.name + " tests feature " + Twine(node.feature) + ", but input '" +
                                    op.node.inputs[0] + "' has " + Twine(features));
  }
  for (const auto &votes : ensemble.leaves)
    for (const TreeEnsemble::Vote &vote : votes)
      if (vote.target < 0 || vote.target >= ensemble.numTargets)
        return op.error("E-TREE", "a leaf votes for target " + Twine(vote.target) + "; expected 0 to " +
                                      Twine(ensemble.numTargets - 1));
  return success();
}

/// Gives each node its place, level by level in each tree, and each tree its depth. A node that several branches lead
/// to has one place. Walks in the order of a topological sort, which fails at a loop.
LogicalResult Numbering::place() {
  places.assign(ensemble.nodes.size(), -1);
  int64_t next = 0;
  std::vector<int64_t> parents(ensemble.nodes.size()), depth(ensemble.nodes.size());
  for (auto [number, root] : llvm::enumerate(ensemble.roots)) {
    if (root.isLeaf) {
      depths.push_back(0);
      continue;
    }
    // The nodes of this tree, each once, and how many branches of the tree lead to it.
    std::vector<int64_t> found{root.index};
    parents[root.index] = 0;
    llvm::DenseSet<int64_t> seen{root.index};
    for (size_t i = 0; i < found.size(); ++i)
      for (TreeEnsemble::Link link : {ensemble.nodes[found[i]].yes, ensemble.nodes[found[i]].no})
        if (!link.isLeaf && seen.insert(link.index).second) {
          parents[link.index] = 0;
          found.push_back(link.index);
        }
    for (int64_t node : found)
      for (TreeEnsemble::Link link : {ensemble.nodes[node].yes, ensemble.nodes[node].no})
        if (!link.isLeaf)
          ++parents[link.index];
    std::vector<int64_t> ready;
    if (parents[root.index] == 0)
      ready.push_back(root.index);
    depth[root.index] = 1;
    int64_t deepest = 1;
    for (size_t i = 0; i < ready.size(); ++i) {
      int64_t node = ready[i];
      if (places[node] < 0)
        places[node] = next++;
      deepest = std::max(deepest, depth[node]);
      for (TreeEnsemble::Link link : {ensemble.nodes[node].yes, ensemble.nodes[node].no}) {
        if (link.isLeaf)
          continue;
        int64_t below = link.index;
        depth[below] = std::max(depth[below], depth[node] + 1);
        if (--parents[below] == 0)
          ready.push_back(below);
      }
    }
    if (ready.size() != found.size())
      for (int64_t node : found)
        if (parents[node] > 0)
          return op.error("E-TREE", "in tree " + Twine(number) + ", " + ensemble.nodes[node].name +
                                        " leads back to itself; expected a tree");
    for (int64_t node : found)
      depth[node] = 0;
    depths.push_back(deepest);
  }
  // Nodes that no tree reaches come last; they are only skipped over.
  for (int64_t &place : places)
    if (place < 0)
      place = next++;
  return success();
}

/// Brings the nodes into the order of their places, and tests that tree_ensemble lacks to their opposites with the
/// branches exchanged. A NaN fails an ordered test, so it passes the opposite one; it differs from every threshold.
void Numbering::normalize() {
  nodes.resize(ensemble.nodes.size());
  for (auto [i, node] : llvm::enumerate(ensemble.nodes)) {
    TreeEnsemble::Node &placed = nodes[places[i]];
    placed = node;
    bool isOpposite = node.mode == Mode::GreaterEqual || node.mode == Mode::Greater || node.mode == Mode::NotEqual;
    if (isOpposite) {
      placed.mode = node.mode == Mode::GreaterEqual ? Mode::Less
                    : node.mode == Mode::Greater    ? Mode::LessEqual
                                                    : Mode::Equal;
      std::swap(placed.yes, placed.no);
      placed.passesNaN = node.mode != Mode::NotEqual && !node.passesNaN;
    }
    hasMissing |= placed.passesNaN;
    if (!llvm::is_contained(modes, placed.mode))
      modes.push_back(placed.mode);
  }
  if (modes.empty())
    modes.push_back(Mode::LessEqual);
  llvm::sort(modes);
}

template <typename Bits, typename Real> Value Numbering::nodesConstant(Type type) {
  std::vector<Bits> table;
  for (const TreeEnsemble::Node &node : nodes) {
    int64_t word = node.feature;
    if (modes.size() > 1)
      word |= int64_t(llvm::find(modes, node.mode) - modes.begin()) << kModeShift;
    if (node.passesNaN)
      word |= int64_t(1) << kMissingBit;
    table.insert(table.end(), {Bits(word), llvm::bit_cast<Bits>(Real(node.threshold)), Bits(position(node.yes)),
                               Bits(position(node.no))});
  }
  for (size_t leaf = 0; leaf < ensemble.leaves.size(); ++leaf) {
    Bits self = Bits(nodes.size() + leaf);
    table.insert(table.end(), {0, 0, self, self});
  }
  return constant<Bits>({int64_t(table.size() / 4), 4}, type, table);
}

/// Weights and, where most leaves vote for few of many targets, the targets. Null on failure (reported).
std::pair<Value, Value> Numbering::leafConstants(Type type) {
  int64_t count = ensemble.leaves.size(), targets = ensemble.numTargets; // build() bounds both: their product fits
  size_t most = 1, all = 0;
  for (const auto &votes : ensemble.leaves) {
    most = std::max(most, votes.size());
    all += votes.size();
  }
  bool isDense = targets == 1 || 2 * all >= size_t(count * targets) || most >= size_t(targets);
  int64_t columns = isDense ? targets : most, entries = count * columns;
  constexpr int64_t kMostEntries = int64_t(1) << 30;
  if (entries > kMostEntries) {
    (void)op.unsupported("its " + Twine(count) + " leaves have " + Twine(columns) +
                         " weights each; supported are 2^30 in all");
    return {};
  }
  double infinity = std::numeric_limits<double>::infinity();
  using Aggregate = TreeEnsemble::Aggregate;
  double none = ensemble.aggregate == Aggregate::Least      ? infinity
                : ensemble.aggregate == Aggregate::Greatest ? -infinity
                                                            : 0;
  std::vector<double> weights(entries, none);
  std::vector<int32_t> ids(isDense ? 0 : entries);
  for (auto [leaf, votes] : llvm::enumerate(ensemble.leaves))
    for (auto [i, vote] : llvm::enumerate(votes)) {
      double &place = weights[leaf * columns + (isDense ? vote.target : i)];
      if (ensemble.aggregate == Aggregate::Least)
        place = std::min(place, vote.weight);
      else if (ensemble.aggregate == Aggregate::Greatest)
        place = std::max(place, vote.weight);
      else
        place += vote.weight;
      if (!isDense)
        ids[leaf * columns + i] = int32_t(vote.target);
    }
  Value table;
  if (type.isF64())
    table = constant<double>({count, columns}, type, weights);
  else
    table = constant<float>({count, columns}, type, std::vector<float>(weights.begin(), weights.end()));
  return {table, isDense ? Value() : constant<int32_t>({count, columns}, op.builder.getI32Type(), ids)};
}

Value Numbering::build() {
  Value x = op.input(0);
  if (op.rank(x) == 1)
    x = op.unsqueeze(x, {0});
  if (op.rank(x) != 2) {
    (void)op.error("E-SHAPE",
                   "input '" + op.node.inputs[0] + "' has rank " + Twine(op.rank(x)) + "; expected 2: rows, features");
    return {};
  }
  // Where only the run knows how many there are, those up to the last that is tested.
  auto known = op.shapes().dim(x, 1).constant();
  int64_t features = known.value_or(1);
  if (!known)
    for (const TreeEnsemble::Node &node : ensemble.nodes)
      features = std::max(features, node.feature < INT64_MAX ? node.feature + 1 : INT64_MAX);
  constexpr int64_t kMostNodes = std::numeric_limits<int32_t>::max();
  if (int64_t(ensemble.nodes.size() + ensemble.leaves.size()) > kMostNodes || features > int64_t(1) << kModeShift) {
    (void)op.unsupported("it has " + Twine(ensemble.nodes.size() + ensemble.leaves.size()) + " nodes and " +
                         Twine(features) + " features; supported are 2^31 and 2^24");
    return {};
  }
  constexpr int64_t kMostTargets = int64_t(1) << 24;
  if (ensemble.numTargets < 1 || ensemble.numTargets > kMostTargets) {
    (void)op.error("E-ATTR", "it has " + Twine(ensemble.numTargets) + " targets or classes; expected 1 to " +
                                 Twine(kMostTargets));
    return {};
  }
  if (ensemble.roots.empty() || features < 1) {
    (void)op.error("E-TREE", ensemble.roots.empty() ? "it has no trees" : "it has no features to test");
    return {};
  }
  if (failed(checkLinks(features)) || failed(place()))
    return {};
  if (!known)
    x = op.create<GatherOp>(x, op.i64(llvm::to_vector(llvm::seq<int64_t>(features))), 1);
  if (!x)
    return {};
  normalize();

  bool isWide = op.elementType(x).isF64();
  Type type = isWide ? op.builder.getF64Type() : op.builder.getF32Type();
  Value table = isWide ? nodesConstant<int64_t, double>(op.builder.getI64Type())
                       : nodesConstant<int32_t, float>(op.builder.getI32Type());
  std::vector<int32_t> starts;
  for (auto [root, depth] : llvm::zip(ensemble.roots, depths))
    starts.insert(starts.end(), {int32_t(position(root)), int32_t(depth)});
  Value roots = constant<int32_t>({int64_t(depths.size()), 2}, op.builder.getI32Type(), starts);
  auto [weights, targets] = leafConstants(type);
  if (!weights)
    return {};
  SmallVector<StringRef> names = llvm::map_to_vector(modes, [](Mode mode) -> StringRef {
    return mode == Mode::Less ? "lt" : mode == Mode::LessEqual ? "le" : "eq";
  });
  using Aggregate = TreeEnsemble::Aggregate;
  StringRef aggregate = ensemble.aggregate == Aggregate::Least      ? "min"
                        : ensemble.aggregate == Aggregate::Greatest ? "max"
                                                                    : "sum";
  Compose c{op};
  Value cast = c.cast(x, type);
  if (!cast)
    return {};
  Value y = op.create<TreeEnsembleOp>(cast, table, roots, weights, targets, int64_t(nodes.size()), ensemble.numTargets,
                                      op.builder.getStrArrayAttr(names), hasMissing, aggregate);
  if (ensemble.aggregate == Aggregate::Average)
    y = c.div(y, double(ensemble.roots.size()));
  if (aggregate != "sum") // a target that no leaf votes for counts as 0
    y = c.where(c.make<IsInfOp>(y, true, true), c.like(y, 0), y);
  return y;
}

Value cameo::onnx::aggregateTrees(OpBinder &op, const TreeEnsemble &ensemble) {
  return Numbering(op, ensemble).build();
}

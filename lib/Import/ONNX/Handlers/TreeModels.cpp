// TreeModels.cpp - TreeEnsemble (since version 5 of ai.onnx.ml), TreeEnsembleClassifier and TreeEnsembleRegressor.
#include "Scores.h"
#include "Trees.h"
#include "cameo/Dialect/Cameo/ConstantBytes.h"
#include "cameo/Export/ONNX/NodeBuilder.h"
#include <cmath>
#include <cstring>
#include <map>
#include <set>

using namespace mlir;
using namespace cameo;
using namespace cameo::onnx;

namespace {

/// Numbers of an attribute that is a list of floats, or a tensor of floats or doubles named with `_as_tensor`.
std::optional<std::vector<double>> numbersOf(OpBinder &op, const TensorView &tensor) {
  std::vector<char> storage;
  StringRef bytes = tensor.bytes(storage);
  std::vector<double> values(tensor.numElements());
  for (auto [i, value] : llvm::enumerate(values)) {
    if (tensor.type == DataType::Double) {
      std::memcpy(&value, bytes.data() + i * 8, 8);
    } else if (tensor.type == DataType::Float) {
      float f;
      std::memcpy(&f, bytes.data() + i * 4, 4);
      value = f;
    } else if (tensor.type == DataType::Float16) {
      uint16_t bits;
      std::memcpy(&bits, bytes.data() + i * 2, 2);
      value = llvm::APFloat(llvm::APFloat::IEEEhalf(), llvm::APInt(16, bits)).convertToFloat();
    } else {
      (void)op.error("E-ATTR", "an attribute is a tensor of " + dataTypeName(tensor.type) +
                                   "; expected float, double or float16");
      return std::nullopt;
    }
  }
  return values;
}

std::optional<std::vector<double>> numbersAttr(OpBinder &op, StringRef name) {
  if (const TensorView *tensor = op.node.getTensor((name + "_as_tensor").str()))
    return numbersOf(op, *tensor);
  auto values = op.floatsAttr(name);
  return values ? std::vector<double>(values->begin(), values->end()) : std::vector<double>();
}

/// The attributes of one length that describe nodes or leaves.
LogicalResult checkLength(OpBinder &op, StringRef name, size_t found, size_t expected, StringRef of) {
  if (found == expected)
    return success();
  return op.error("E-ATTR",
                  name + " has " + Twine(found) + " entries; expected " + Twine(expected) + ", as many as " + of);
}

std::optional<TreeEnsemble::Aggregate> aggregateOf(StringRef name) {
  return llvm::StringSwitch<std::optional<TreeEnsemble::Aggregate>>(name)
      .Case("SUM", TreeEnsemble::Aggregate::Sum)
      .Case("AVERAGE", TreeEnsemble::Aggregate::Average)
      .Case("MIN", TreeEnsemble::Aggregate::Least)
      .Case("MAX", TreeEnsemble::Aggregate::Greatest)
      .Default(std::nullopt);
}

// ---- versions 1 and 3: nodes named by tree and number, leaves among them

struct OldVotes {
  StringRef prefix; ///< "class" or "target"
  std::string ids, trees, nodes, weights;
  explicit OldVotes(StringRef prefix)
      : prefix(prefix), ids((prefix + "_ids").str()), trees((prefix + "_treeids").str()),
        nodes((prefix + "_nodeids").str()), weights((prefix + "_weights").str()) {}
};

FailureOr<TreeEnsemble> readOld(OpBinder &op, const OldVotes &votes, int64_t numTargets) {
  TreeEnsemble ensemble;
  ensemble.numTargets = numTargets;
  auto ints = [&](StringRef name) { return op.intsAttr(name).value_or(SmallVector<int64_t>()); };
  SmallVector<int64_t> tree = ints("nodes_treeids"), number = ints("nodes_nodeids"), feature = ints("nodes_featureids"),
                       yes = ints("nodes_truenodeids"), no = ints("nodes_falsenodeids"),
                       missing = ints("nodes_missing_value_tracks_true");
  auto modes = op.node.getStrings("nodes_modes");
  auto thresholds = numbersAttr(op, "nodes_values"), weights = numbersAttr(op, votes.weights);
  if (!thresholds || !weights)
    return failure();
  size_t count = tree.size();
  for (auto [name, size] : {std::pair<StringRef, size_t>{"nodes_nodeids", number.size()},
                            {"nodes_featureids", feature.size()},
                            {"nodes_truenodeids", yes.size()},
                            {"nodes_falsenodeids", no.size()},
                            {"nodes_modes", modes ? modes->size() : 0},
                            {"nodes_values", thresholds->size()}})
    if (failed(checkLength(op, name, size, count, "nodes_treeids")))
      return failure();
  if (!missing.empty() &&
      failed(checkLength(op, "nodes_missing_value_tracks_true", missing.size(), count, "nodes_treeids")))
    return failure();

  // Places of nodes and leaves by (tree, number); trees in the order of their first node, which is their root.
  std::map<std::pair<int64_t, int64_t>, TreeEnsemble::Link> links;
  std::set<int64_t> trees; // any number may be an id; a DenseSet keeps two for itself
  for (size_t i = 0; i < count; ++i) {
    bool isLeaf = (*modes)[i] == "LEAF";
    TreeEnsemble::Link link{isLeaf, int64_t(isLeaf ? ensemble.leaves.size() : ensemble.nodes.size())};
    if (!links.insert({{tree[i], number[i]}, link}).second)
      return op.error("E-TREE", "tree " + Twine(tree[i]) + " has node " + Twine(number[i]) + " twice");
    if (isLeaf)
      ensemble.leaves.emplace_back();
    else
      ensemble.nodes.emplace_back();
    if (trees.insert(tree[i]).second)
      ensemble.roots.push_back(link);
  }
  auto find = [&](int64_t inTree, int64_t node) {
    auto it = links.find({inTree, node});
    return it == links.end() ? TreeEnsemble::Link{false, -1} : it->second;
  };
  for (size_t i = 0; i < count; ++i) {
    if ((*modes)[i] == "LEAF")
      continue;
    TreeEnsemble::Node &node = ensemble.nodes[links[{tree[i], number[i]}].index];
    StringRef name = (*modes)[i];
    auto mode = name.consume_front("BRANCH_") ? treeMode(name) : std::nullopt;
    if (!mode)
      return op.error("E-ATTR", "nodes_modes has the entry '" + (*modes)[i] +
                                    "'; expected LEAF or BRANCH_ with LEQ, LT, GTE, GT, EQ or NEQ");
    node.mode = *mode;
    node.feature = feature[i];
    node.threshold = (*thresholds)[i];
    node.passesNaN = !missing.empty() && missing[i] != 0;
    node.yes = find(tree[i], yes[i]);
    node.no = find(tree[i], no[i]);
    node.name = "node " + std::to_string(number[i]) + " of tree " + std::to_string(tree[i]);
  }

  SmallVector<int64_t> target = ints(votes.ids), voteTree = ints(votes.trees), voteNode = ints(votes.nodes);
  for (auto [name, size] : {std::pair<StringRef, size_t>{votes.trees, voteTree.size()},
                            {votes.nodes, voteNode.size()},
                            {votes.weights, weights->size()}})
    if (failed(checkLength(op, name, size, target.size(), votes.ids)))
      return failure();
  for (size_t i = 0; i < target.size(); ++i) {
    TreeEnsemble::Link leaf = find(voteTree[i], voteNode[i]);
    if (leaf.index < 0 || !leaf.isLeaf)
      return op.error("E-TREE", votes.nodes + " names node " + Twine(voteNode[i]) + " of tree " + Twine(voteTree[i]) +
                                    ", which is not a leaf");
    ensemble.leaves[leaf.index].push_back({target[i], (*weights)[i]});
  }
  return ensemble;
}

/// scores + base_values, one per target or one for all.
Value addBase(Compose &c, Value scores, int64_t targets) {
  auto base = numbersAttr(c.op, "base_values");
  if (!base || !scores)
    return {};
  if (base->empty())
    return scores;
  if (base->size() != 1 && int64_t(base->size()) != targets) {
    (void)c.op.error("E-ATTR", "base_values has " + Twine(base->size()) + " entries; expected " + Twine(targets));
    return {};
  }
  Type type = c.op.elementType(scores);
  auto vector = RankedTensorType::get({int64_t(base->size())}, c.op.builder.getF64Type());
  Value constant =
      ConstantOp::create(c.op.builder, c.op.loc, vector, DenseElementsAttr::get(vector, ArrayRef<double>(*base)));
  return c.add(scores, c.cast(constant, type));
}

LogicalResult treeEnsembleRegressor(OpBinder &op) {
  Compose c{op};
  int64_t targets = op.intAttr("n_targets", 1);
  auto ensemble = readOld(op, OldVotes("target"), targets);
  if (failed(ensemble))
    return failure();
  // With one target a leaf has one weight: ONNX Runtime takes the first, and converters repeat it.
  if (targets == 1)
    for (auto &votes : ensemble->leaves)
      votes.resize(std::min<size_t>(votes.size(), 1));
  StringRef name = op.stringAttr("aggregate_function", "SUM");
  auto aggregate = aggregateOf(name);
  if (!aggregate)
    return op.error("E-ATTR", "aggregate_function is '" + name + "'; expected SUM, AVERAGE, MIN or MAX");
  ensemble->aggregate = *aggregate;
  Value scores = addBase(c, aggregateTrees(op, *ensemble), targets);
  return op.result(c.cast(postTransform(c, scores, op.stringAttr("post_transform", "NONE")), op.builder.getF32Type()));
}

LogicalResult treeEnsembleClassifier(OpBinder &op) {
  Compose c{op};
  auto labels = op.node.getInts("classlabels_int64s");
  auto names = op.node.getStrings("classlabels_strings");
  int64_t classes = labels && !labels->empty() ? labels->size() : names ? names->size() : 0;
  auto ensemble = readOld(op, OldVotes("class"), classes);
  if (failed(ensemble))
    return failure();
  // Two classes of which only one gets votes: its score says both.
  std::set<int64_t> voted;
  bool isPositive = true;
  for (auto &votes : ensemble->leaves)
    for (const TreeEnsemble::Vote &vote : votes) {
      voted.insert(vote.target);
      isPositive &= vote.weight >= 0;
    }
  BinaryScore binary = BinaryScore::None;
  if (classes == 2 && voted.size() == 1) {
    binary = isPositive ? BinaryScore::Probability : BinaryScore::Margin;
    ensemble->numTargets = 1;
    for (auto &votes : ensemble->leaves)
      for (TreeEnsemble::Vote &vote : votes)
        vote.target = 0;
  }
  Value scores = aggregateTrees(op, *ensemble);
  auto base = numbersAttr(op, "base_values");
  if (!base)
    return failure();
  if (binary != BinaryScore::None && base->size() == 2) // only that of the class with votes counts
    scores = c.add(scores, (*base)[1]);
  else
    scores = addBase(c, scores, ensemble->numTargets);
  return classify(c, scores, binary, "classlabels_int64s", "classlabels_strings");
}

// ---- version 5: nodes and leaves in lists of their own

LogicalResult treeEnsemble(OpBinder &op) {
  Compose c{op};
  TreeEnsemble ensemble;
  ensemble.numTargets = op.intAttr("n_targets", 1);
  constexpr TreeEnsemble::Aggregate kAggregates[] = {TreeEnsemble::Aggregate::Average, TreeEnsemble::Aggregate::Sum,
                                                     TreeEnsemble::Aggregate::Least, TreeEnsemble::Aggregate::Greatest};
  constexpr StringLiteral kTransforms[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
  int64_t aggregate = op.intAttr("aggregate_function", 1), transform = op.intAttr("post_transform", 0);
  if (aggregate < 0 || aggregate > 3 || transform < 0 || transform > 4)
    return op.error("E-ATTR", "aggregate_function is " + Twine(aggregate) + " and post_transform " + Twine(transform) +
                                  "; expected 0 to 3 and 0 to 4");
  ensemble.aggregate = kAggregates[aggregate];
  auto ints = [&](StringRef name) { return op.intsAttr(name).value_or(SmallVector<int64_t>()); };
  SmallVector<int64_t> roots = ints("tree_roots"), feature = ints("nodes_featureids"), yes = ints("nodes_truenodeids"),
                       no = ints("nodes_falsenodeids"), yesLeaf = ints("nodes_trueleafs"),
                       noLeaf = ints("nodes_falseleafs"), missing = ints("nodes_missing_value_tracks_true"),
                       target = ints("leaf_targetids");
  const TensorView *modes = op.node.getTensor("nodes_modes"), *splits = op.node.getTensor("nodes_splits"),
                   *leafWeights = op.node.getTensor("leaf_weights"), *members = op.node.getTensor("membership_values");
  if (!modes || !splits || !leafWeights || modes->type != DataType::UInt8)
    return op.error("E-ATTR", "nodes_modes (of uint8), nodes_splits and leaf_weights are required");
  std::vector<int64_t> mode = modes->integers();
  auto thresholds = numbersOf(op, *splits), weights = numbersOf(op, *leafWeights);
  auto sets = members ? numbersOf(op, *members) : std::vector<double>();
  if (!thresholds || !weights || !sets)
    return failure();
  size_t count = feature.size();
  for (auto [name, size] : {std::pair<StringRef, size_t>{"nodes_truenodeids", yes.size()},
                            {"nodes_falsenodeids", no.size()},
                            {"nodes_trueleafs", yesLeaf.size()},
                            {"nodes_falseleafs", noLeaf.size()},
                            {"nodes_modes", mode.size()},
                            {"nodes_splits", thresholds->size()}})
    if (failed(checkLength(op, name, size, count, "nodes_featureids")))
      return failure();
  if (!missing.empty() &&
      failed(checkLength(op, "nodes_missing_value_tracks_true", missing.size(), count, "nodes_featureids")))
    return failure();
  if (failed(checkLength(op, "leaf_weights", weights->size(), target.size(), "leaf_targetids")))
    return failure();

  constexpr int64_t kMember = 6;
  constexpr TreeEnsemble::Mode kModes[] = {TreeEnsemble::Mode::LessEqual,    TreeEnsemble::Mode::Less,
                                           TreeEnsemble::Mode::GreaterEqual, TreeEnsemble::Mode::Greater,
                                           TreeEnsemble::Mode::Equal,        TreeEnsemble::Mode::NotEqual};
  ensemble.nodes.resize(count);
  size_t member = 0;
  for (size_t i = 0; i < count; ++i) {
    if (mode[i] < 0 || mode[i] > kMember)
      return op.error("E-ATTR", "nodes_modes has the entry " + Twine(mode[i]) + "; expected 0 to 6");
    TreeEnsemble::Node node;
    node.mode = mode[i] == kMember ? TreeEnsemble::Mode::Equal : kModes[mode[i]];
    node.feature = feature[i];
    node.threshold = (*thresholds)[i];
    node.passesNaN = !missing.empty() && missing[i] != 0;
    node.yes = {yesLeaf[i] != 0, yes[i]};
    node.no = {noLeaf[i] != 0, no[i]};
    node.name = "node " + std::to_string(i);
    if (mode[i] == kMember) {
      // A chain of equalities, one for each member of the set; the node itself is the first.
      std::vector<double> set;
      for (; member < sets->size() && !std::isnan((*sets)[member]); ++member)
        set.push_back((*sets)[member]);
      ++member; // the NaN behind it
      if (set.empty())
        return op.error("E-ATTR", node.name + " tests membership, but membership_values has no set for it");
      TreeEnsemble::Link otherwise = node.no;
      for (size_t m = set.size() - 1; m > 0; --m) {
        TreeEnsemble::Node next = node;
        next.threshold = set[m];
        next.no = otherwise;
        otherwise = {false, int64_t(ensemble.nodes.size())};
        ensemble.nodes.push_back(next);
      }
      node.threshold = set[0];
      node.no = otherwise;
    }
    ensemble.nodes[i] = node;
  }
  for (int64_t root : roots)
    ensemble.roots.push_back({false, root});
  for (auto [t, weight] : llvm::zip(target, *weights))
    ensemble.leaves.push_back({{t, weight}});
  Value scores = postTransform(c, aggregateTrees(op, ensemble), kTransforms[transform]);
  return op.result(c.cast(scores, op.elementType(op.input(0))));
}

// ---- as ONNX

/// The nodes of a tree of a cameo.tree_ensemble (its description says how they are packed), and those below it, as
/// TreeEnsembleRegressor lists them.
struct TreeLists {
  std::vector<int64_t> trees, nodes, features, yes, no, missing, leafTrees, leafNodes, leafTargets;
  std::vector<float> thresholds, weights;
  std::vector<std::string> modes;
};

LogicalResult exportTreeEnsemble(TreeEnsembleOp op, NodeBuilder &b) {
  if (!b.elementType(op.getX()).isF32())
    return b.refuse("TreeEnsembleRegressor gives f32, and its elements are wider");
  ElementsAttr constants[] = {constantBehind(op.getNodes()), constantBehind(op.getRoots()),
                              constantBehind(op.getWeights())};
  ElementsAttr targets = op.getTargets() ? constantBehind(op.getTargets()) : ElementsAttr();
  if (llvm::is_contained(constants, ElementsAttr()) || (op.getTargets() && !targets))
    return b.refuse("its trees are no constants");
  auto integers = [](ElementsAttr value) {
    std::vector<uint8_t> bytes = bytesOf(value);
    std::vector<int32_t> result(bytes.size() / sizeof(int32_t));
    std::memcpy(result.data(), bytes.data(), bytes.size());
    return result;
  };
  std::vector<int32_t> nodes = integers(constants[0]), roots = integers(constants[1]), votes;
  if (targets)
    votes = integers(targets);
  std::vector<float> storage;
  ArrayRef<float> weights = constantFloats(constants[2], storage);
  int64_t perLeaf = cast<ShapedType>(constants[2].getType()).getDimSize(1), leavesFrom = op.getLeavesFrom();
  TreeLists lists;
  for (int64_t tree = 0; tree < int64_t(roots.size()) / 2; ++tree) {
    SmallVector<int64_t> open{roots[2 * tree]};
    while (!open.empty()) {
      int64_t node = open.pop_back_val();
      const int32_t *fields = &nodes[4 * node];
      bool isLeaf = node >= leavesFrom;
      lists.trees.push_back(tree);
      lists.nodes.push_back(node);
      lists.features.push_back(isLeaf ? 0 : fields[0] & 0xffffff);
      StringRef mode = isLeaf ? StringRef() : cast<StringAttr>(op.getModes()[fields[0] >> 24 & 3]).getValue();
      lists.modes.push_back(isLeaf ? "LEAF" : mode == "lt" ? "BRANCH_LT" : mode == "le" ? "BRANCH_LEQ" : "BRANCH_EQ");
      lists.thresholds.push_back(isLeaf ? 0 : llvm::bit_cast<float>(fields[1]));
      lists.yes.push_back(isLeaf ? 0 : fields[2]);
      lists.no.push_back(isLeaf ? 0 : fields[3]);
      lists.missing.push_back(!isLeaf && op.getMissing() && (fields[0] >> 26 & 1));
      if (!isLeaf) {
        open.append({fields[3], fields[2]});
        continue;
      }
      for (int64_t i = (node - leavesFrom) * perLeaf, end = i + perLeaf; i < end; ++i) {
        lists.leafTrees.push_back(tree);
        lists.leafNodes.push_back(node);
        lists.leafTargets.push_back(targets ? votes[i] : i % perLeaf);
        lists.weights.push_back(weights[i]);
      }
    }
  }
  auto ints = [](StringRef name, const std::vector<int64_t> &list) {
    return NodeAttribute(name, ArrayRef<int64_t>(list));
  };
  return b.result(b.node("ai.onnx.ml.TreeEnsembleRegressor", {b(op.getX())},
                         {{"n_targets", op.getNumTargets()},
                          {"aggregate_function", StringRef(op.getAggregate().upper())},
                          {"nodes_modes", lists.modes},
                          {"nodes_values", ArrayRef<float>(lists.thresholds)},
                          {"target_weights", ArrayRef<float>(lists.weights)},
                          ints("nodes_treeids", lists.trees),
                          ints("nodes_nodeids", lists.nodes),
                          ints("nodes_featureids", lists.features),
                          ints("nodes_truenodeids", lists.yes),
                          ints("nodes_falsenodeids", lists.no),
                          ints("nodes_missing_value_tracks_true", lists.missing),
                          ints("target_treeids", lists.leafTrees),
                          ints("target_nodeids", lists.leafNodes),
                          ints("target_ids", lists.leafTargets)}));
}

} // namespace

namespace cameo::onnx {
void registerTreeModelsHandlers(HandlerTable &table) {
  table.onMl("TreeEnsemble", 5, treeEnsemble);
  table.onMl("TreeEnsembleClassifier", 1, treeEnsembleClassifier);
  table.onMl("TreeEnsembleRegressor", 1, treeEnsembleRegressor);

  table.exports<TreeEnsembleOp>(exportTreeEnsemble);
}
} // namespace cameo::onnx

// Trees.h - an ensemble of decision trees in one form, whichever of ONNX's three it came in.
#ifndef CAMEO_IMPORT_ONNX_HANDLERS_TREES_H
#define CAMEO_IMPORT_ONNX_HANDLERS_TREES_H

#include "cameo/Import/ONNX/OpBinder.h"

namespace cameo::onnx {

struct TreeEnsemble {
  enum class Mode { LessEqual, Less, GreaterEqual, Greater, Equal, NotEqual };
  /// Where a branch leads: to node `index`, or to leaf `index`.
  struct Link {
    bool isLeaf = false;
    int64_t index = 0;
  };
  struct Node {
    Mode mode = Mode::LessEqual;
    int64_t feature = 0;
    double threshold = 0;
    bool passesNaN = false;
    Link yes, no;
    std::string name; ///< as the model numbers it, for messages
  };
  struct Vote {
    int64_t target = 0;
    double weight = 0;
  };

  std::vector<Node> nodes;
  std::vector<Link> roots;
  std::vector<llvm::SmallVector<Vote, 1>> leaves;
  int64_t numTargets = 1;
  enum class Aggregate { Sum, Average, Least, Greatest } aggregate = Aggregate::Sum;
};

/// The mode that ONNX calls "BRANCH_" + this; null for another name.
std::optional<TreeEnsemble::Mode> treeMode(llvm::StringRef name);

/// [rows of x, targets] of what the leaves say, in the element type of x (f32 for f16 and integers). Null after an
/// error, which is reported: E-TREE for a node that is its own descendant or a link to nowhere.
mlir::Value aggregateTrees(OpBinder &op, const TreeEnsemble &ensemble);

} // namespace cameo::onnx
#endif

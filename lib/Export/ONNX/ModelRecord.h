// ModelRecord.h - an ONNX model as it is collected, before it is written. Tensors are numbers until the end, because
// the last node that gives an output decides what is called like it.
#ifndef CAMEO_LIB_EXPORT_ONNX_MODELRECORD_H
#define CAMEO_LIB_EXPORT_ONNX_MODELRECORD_H

#include "cameo/Export/ONNX/NodeBuilder.h"
#include <map>

namespace cameo::onnx {

struct NodeRecord {
  std::string name; ///< of the ONNX node that it comes from, until all are known
  std::string domain, opType;
  std::vector<int64_t> inputs, outputs; ///< numbers of tensors; -1: left out
  std::vector<NodeAttribute> attributes;
};

struct ValueRecord {
  int64_t number;
  mlir::RankedTensorType type;
  std::vector<std::string> dims; ///< names of open sizes, by axis; may be shorter than the rank
};

struct GraphRecord {
  std::string name;
  std::vector<NodeRecord> nodes;
  std::vector<ValueRecord> inputs, outputs;
};

struct InitializerRecord {
  int64_t number;
  mlir::ElementsAttr value;
  llvm::SmallVector<int64_t> dims; ///< the value's, or those of a view of it
};

struct ModelRecord {
  GraphRecord graph;
  std::vector<InitializerRecord> initializers;
  std::vector<std::string> tensorNames;  ///< by number
  std::map<std::string, int64_t> opsets; ///< by domain
  int64_t irVersion() const;
};

} // namespace cameo::onnx
#endif

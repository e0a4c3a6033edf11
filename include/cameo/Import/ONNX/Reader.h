// Reader.h - opens an ONNX file, checks it and gives views of it.
#pragma once
#include "cameo/Import/ONNX/Model.h"
#include "cameo/Support/Diagnostic.h"
#include "cameo/Support/Escaped.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <memory>

namespace cameo::onnx {

/// How large a model may be, so that no file can exhaust memory or time. Each is a flag of cameo-compile.
struct ImportLimits {
  int64_t nodes = 1 << 20;        ///< all graphs together, and again after inlining the model's own functions
  int64_t initializers = 1 << 20; ///< all graphs together
  int64_t rank = 64;
  int64_t dim = int64_t(1) << 48;
  int64_t constantBytes = int64_t(8) << 30; ///< all tensors together, external ones included
  int64_t tensorBytes = int64_t(64) << 30;  ///< one tensor of known size that the program computes
  int64_t nameBytes = 64 << 10;
  int64_t attributesPerNode = 1024;
  int64_t attributeBytes = 64 << 20; ///< one attribute that is not a tensor or graph
  int64_t valuesPerNode = 64 << 10;  ///< inputs, and again outputs
  int64_t valueInfos = 2 << 20;      ///< declared types, all graphs together
  int64_t functions = 10000;
  int64_t opsetImports = 1024;
  int64_t metadataEntries = 64 << 10;
  int64_t graphDepth = 32;       ///< subgraphs in subgraphs, through function calls too
  int64_t callDepth = 64;        ///< functions that call functions
  int64_t sequenceLength = 4096; ///< and iterations of a loop that carries a sequence
  int64_t messageDepth = 100;    ///< protobuf messages in messages
};

/// One limit and the flag that sets it; the messages name these flags, and cameo-compile registers them.
struct LimitFlag {
  llvm::StringRef flag; ///< "--max-nodes"
  int64_t ImportLimits::*field;
  llvm::StringRef help;
};
llvm::ArrayRef<LimitFlag> limitFlags();

struct ReadOptions {
  ImportLimits limits;
  /// External data may be reached through symbolic links (`--follow-symlinks`; Hugging Face caches are made of them).
  bool followSymlinks = false;
  /// Folder of external data; empty: the model's own (`--external-data-root`).
  std::string externalDataRoot;
};

/// A model and the files it points into. Immutable once read; may be shared between threads.
class ModelFile {
public:
  ~ModelFile();
  ModelFile(const ModelFile &) = delete;
  ModelFile &operator=(const ModelFile &) = delete;

  const Model &model() const;
  /// As given to readModel.
  const std::string &path() const;

  /// The body that ONNX gives for an op at this opset, resolved and checked like a function of the model; null where
  /// there is none (see OpSchema::functions). Thread safe; lives as long as this object.
  const Function *schemaFunction(const OpSchema &schema, int64_t opset) const;

  struct Impl;
  explicit ModelFile(std::unique_ptr<Impl> impl);

private:
  std::unique_ptr<Impl> impl;
};

/// Whether there is a way to import every node; reports those that have none. Asked when ops are resolved and before
/// their attributes are checked.
using SupportCheck = llvm::function_ref<bool(const ModelFile &)>;

/// Maps and checks a model. Returns null exactly when `diagnostics` got an error; warnings may come with either result.
///
/// Checks, each group only when those before it found nothing: structure of the file; names, single definition, order
/// of nodes (cycles are printed); functions (recursion, depth, size once inlined); opsets; ops (see SupportCheck),
/// arity, attributes; tensors (sizes, payloads, external files). Cost is linear in nodes and independent of the
/// weights' size, except for weights that protobuf stores as varints.
///
/// The file is mapped: it must not be changed while the ModelFile lives.
std::unique_ptr<ModelFile> readModel(llvm::StringRef path, const ReadOptions &options,
                                     std::vector<Diagnostic> &diagnostics, SupportCheck isSupported = {});

/// As readModel, for a model in memory, which must outlive the result; `path` is for messages and external data.
std::unique_ptr<ModelFile> readModelFromMemory(llvm::StringRef bytes, llvm::StringRef path, const ReadOptions &options,
                                               std::vector<Diagnostic> &diagnostics);

/// What a message says in front: `model.onnx: node 'enc/Softmax_3' (Softmax, opset 13)`, `node #4` where it has no
/// name.
std::string describeNode(llvm::StringRef path, const Node &node);

/// Why a node has neither schema nor function, for ONNX's own domains and foreign ones: "Gelu is not in ai.onnx-17; it
/// exists since opset 20".
std::string whyUnknown(const Node &node);

} // namespace cameo::onnx

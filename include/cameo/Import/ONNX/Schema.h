// Schema.h - what ONNX says about its ops: every version's arity, attributes, types and function body.
// A table generated at build time from the pinned onnx package (tools/dev/generate-schemas.py). Domains of others
// (com.microsoft) are not in it.
#pragma once
#include "cameo/Import/ONNX/Model.h"

namespace cameo::onnx {

/// The newest versions that the table knows: of ONNX's own domain, and of the file format.
int64_t newestOpset();
int64_t newestIrVersion();

/// Types that a parameter allows.
struct TypeSet {
  uint64_t tensors = 0; ///< bit i: tensors whose DataType is i
  /// The others, as ONNX writes them: "seq(tensor(float))".
  std::vector<llvm::StringRef> others;

  bool allowsTensor(DataType type) const { return tensors >> unsigned(type) & 1; }
};

struct FormalParameter {
  enum class Kind : uint8_t { Single, Optional, Variadic };
  llvm::StringRef name;
  /// "T", or a type itself: "tensor(int64)". Equal names of one schema are one type.
  llvm::StringRef typeName;
  Kind kind = Kind::Single;
  /// Variadic: all have the same type.
  bool homogeneous = true;
  int64_t minArity = 1;
  TypeSet types;
};

struct AttributeSchema {
  llvm::StringRef name;
  AttributeType type = AttributeType::Undefined;
  bool required = false;
  /// Its value has no alternative when there is no default.
  Attribute defaultValue;

  bool hasDefault() const { return defaultValue.value.index() != 0; }
};

struct FunctionBody {
  int64_t opset;         ///< of ONNX's domain that the body is written in
  llvm::StringRef bytes; ///< a FunctionProto; ModelFile::schemaFunction reads it
};

struct OpSchema {
  llvm::StringRef domain, name;
  int64_t since = 0;
  int64_t minInputs = 0, maxInputs = 0, minOutputs = 0, maxOutputs = 0; ///< INT32_MAX: no bound
  bool deprecated = false;
  bool deterministic = true;
  /// ONNX has a body that depends on the node (its attributes and types); such bodies are not in the table.
  bool contextDependentBody = false;
  std::vector<FormalParameter> inputs, outputs;
  std::vector<AttributeSchema> attributes;
  std::vector<FunctionBody> functions; ///< by opset, ascending

  const AttributeSchema *attribute(llvm::StringRef name) const;
  /// The parameter that the i-th actual input (output) belongs to; null past the last.
  const FormalParameter *input(size_t i) const;
  const FormalParameter *output(size_t i) const;
};

/// The schema that holds at `opset`: the newest that is not newer; null where there is none.
const OpSchema *findSchema(llvm::StringRef domain, llvm::StringRef name, int64_t opset);

/// Whether the table has ops of this domain.
bool isSchemaDomain(llvm::StringRef domain);

/// Newest version of a domain of the table; 0 for other domains.
int64_t newestVersion(llvm::StringRef domain);

/// All of them, by domain, name and version.
llvm::ArrayRef<OpSchema> allSchemas();

/// Up to three names of `domain` at `opset` that a misspelt `name` may have meant, nearest first.
std::vector<llvm::StringRef> nearestOps(llvm::StringRef domain, llvm::StringRef name, int64_t opset);

} // namespace cameo::onnx

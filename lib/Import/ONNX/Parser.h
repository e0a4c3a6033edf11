// Parser.h - protobuf bytes to the structs of Model.h, with every limit that bounds memory and recursion.
#pragma once
#include "cameo/Import/ONNX/Reader.h"
#include <optional>

namespace cameo::onnx {

/// Reads a ModelProto. On success the structs are well formed (types of attributes agree with their values, text is
/// UTF-8, limits hold) but nothing between them is checked yet. Otherwise returns false and `error` says why.
bool parseModel(llvm::StringRef bytes, llvm::StringRef path, const ImportLimits &limits, Model &model,
                Diagnostic &error);

/// As parseModel, for one FunctionProto.
bool parseFunction(llvm::StringRef bytes, llvm::StringRef path, const ImportLimits &limits, Function &function,
                   Diagnostic &error);

/// `--max-nodes=1048576`, for messages.
std::string limitText(const ImportLimits &limits, int64_t ImportLimits::*field);

} // namespace cameo::onnx

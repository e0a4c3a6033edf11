// TextProblem.h - guards MLIR's parser, which takes any text for one that people write.
#ifndef CAMEO_PIPELINE_TEXTPROBLEM_H
#define CAMEO_PIPELINE_TEXTPROBLEM_H

#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace cameo {

/// What MLIR's parser would not survive, and where it stands.
struct TextProblem {
  size_t at; ///< byte of the text
  std::string what;
};

/// Brackets nested too deeply and numbers too long in text that is to be parsed as MLIR's: nothing where there are
/// none.
std::optional<TextProblem> findTextProblem(llvm::StringRef text);

} // namespace cameo
#endif

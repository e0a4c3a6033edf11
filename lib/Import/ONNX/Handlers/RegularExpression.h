// RegularExpression.h - regular expressions as finite automata on the bytes of UTF-8.
#ifndef CAMEO_IMPORT_ONNX_HANDLERS_REGULAREXPRESSION_H
#define CAMEO_IMPORT_ONNX_HANDLERS_REGULAREXPRESSION_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace cameo::onnx {

/// The automaton that accepts exactly the texts that `pattern` matches as a whole, in the form of cameo.string_match:
/// rows of 257 entries. The syntax is RE2's, as ONNX's RegexFullMatch asks; an error names what is not supported (^ and
/// $ at lines, classes by Unicode property), what is not well formed, or says that more than 4096 states are needed.
llvm::Expected<std::vector<int32_t>> compileRegularExpression(llvm::StringRef pattern);

/// The automaton of cameo.string_tokens, which finds the parts of a text that `pattern` matches.
llvm::Expected<std::vector<int32_t>> compileSearch(llvm::StringRef pattern);

} // namespace cameo::onnx
#endif

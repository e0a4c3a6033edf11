// WriteFile.h - files that a user asks for.
#ifndef CAMEO_PIPELINE_WRITEFILE_H
#define CAMEO_PIPELINE_WRITEFILE_H

#include "cameo/Support/Diagnostic.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>

namespace cameo {

/// Writes `write`'s bytes to the file `path`: under another name first, so that the file is complete or as it was, and
/// so that `write` may come back to what it has written (pwrite). `-` is standard output. The error (E-FILE;
/// E-CANCELLED where the reader of a pipe has gone), or nothing.
std::optional<Diagnostic> writeFile(llvm::StringRef path, llvm::function_ref<void(llvm::raw_pwrite_stream &)> write);

/// Whether `path` can be written, for what takes long: before it begins. The error (E-FILE), or nothing; an empty path
/// asks for no file.
std::optional<Diagnostic> checkWritable(llvm::StringRef path);

} // namespace cameo
#endif

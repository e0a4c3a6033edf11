// ModelCache.h - cameo-run MODEL.onnx: compiles the model once and keeps the program.
//
// Programs lie in $XDG_CACHE_HOME/cameo (else ~/.cache/cameo) as <key>.cameo. The key is a SHA-256 over the model file,
// name, size and time of the external data files it names, size and time of cameo-compile, this CPU's identity and the
// flags. So a changed model, a new compiler or another machine compile anew; nothing is ever removed from the cache but
// by its owner.
#pragma once
#include <string>
#include <vector>

namespace cameo::run {

struct CachedProgram {
  std::string path;
  double compileMs = 0; ///< 0 when it was there
};

/// UserError where there is no compiler or no place for the cache, or with the compiler's exit code where it fails; the
/// compiler's messages go to standard error as they come. `flags` are cameo-compile's.
CachedProgram compileIntoCache(const std::string &model, const std::vector<std::string> &flags);

} // namespace cameo::run

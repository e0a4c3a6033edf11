// Options.h - the command line of cameo-compile.
#ifndef TOOLS_CAMEO_COMPILE_OPTIONS_H
#define TOOLS_CAMEO_COMPILE_OPTIONS_H

#include "cameo/Import/ONNX/Import.h"
#include "cameo/Pipeline/CompileOptions.h"

namespace cameo::tool {

struct Options {
  std::string input, output, report;
  bool listPhases = false, listOps = false;
  CompileOptions compile;
  onnx::ImportOptions import;
};

/// Reads the command line. When the process should end at once (--help, a usage error, which is printed), returns its exit code.
std::optional<int> parseOptions(int argc, char **argv, Options &options);

/// Prints "cameo: error[CODE]: message" and returns the exit code.
int fail(ExitCode code, const std::string &tag, const std::string &message);

} // namespace cameo::tool
#endif

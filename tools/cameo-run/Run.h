// Run.h - the work of cameo-run: load, bind, run, compare, write, print.
#pragma once
#include "cameo-run/Options.h"

namespace cameo::run {

/// The exit code; UserError for everything that is not a result.
int runProgram(const Options &options);

} // namespace cameo::run

// Inputs.h - from --input and --dim to one tensor for each input of a program.
#pragma once
#include "cameo-run/Options.h"
#include "cameo-run/Tensor.h"

namespace cameo::run {

/// In the order of the program's inputs. UserError where an input cannot be made or named.
std::vector<Tensor> makeInputs(const cameo_program *program, const Options &options);

/// "'a', 'b'" for messages.
std::string inputNames(const cameo_program *program);

} // namespace cameo::run

// SampleFiles.h - DATA of the verbs that measure: a folder, an archive, or random numbers.
#ifndef TOOLS_CAMEO_SAMPLEFILES_H
#define TOOLS_CAMEO_SAMPLEFILES_H

#include "cameo/Compression/Samples.h"
#include <memory>

namespace cameo::tool {

/// What `help` of a flag says about DATA.
inline constexpr const char *kDataHelp =
    "a folder of .npz, .npy or .pb files (or of folders with input_0.pb, ...), one .npz whose arrays have samples as "
    "their first axis, or 'random'";

/// Samples for a model with these inputs. Names in an archive are inputs', or `label`. `limit` is the most that are
/// used.
///
/// Throws run::UserError that names the file (E-CALIB, exit code 8) where there are fewer than kFewestSamples, a shape
/// or a type is not the input's, an input is missing, or a number is NaN; what is not known until a sample is read is
/// thrown by Samples::inputs.
std::unique_ptr<compression::Samples> openSamples(const std::string &data, std::vector<compression::InputInfo> inputs,
                                                  size_t limit);

inline constexpr size_t kFewestSamples = 8;

} // namespace cameo::tool
#endif

// Compare.h - --expect: outputs against an archive of expected ones.
#pragma once
#include "cameo-run/Files.h"
#include <functional>

namespace cameo::run {

struct Comparison {
  std::string name;
  bool agrees = false;
  /// "agrees: largest difference 1.2e-06", or what is different.
  std::string text;
};

/// One entry for each tensor of the archive whose name is not ignored. Two values agree where |found - expected| <=
/// atol + rtol * |expected|, or both are NaN, or both are the same infinity. Shapes must be equal; the element type may
/// be another of the same kind (float or not).
std::vector<Comparison> compareOutputs(const std::vector<NpzEntry> &outputs, const std::string &expected, double rtol,
                                       double atol, const std::function<bool(const std::string &)> &isIgnored = {});

} // namespace cameo::run

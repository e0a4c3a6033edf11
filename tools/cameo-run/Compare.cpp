// Compare.cpp - see Compare.h.
#include "cameo-run/Compare.h"
#include "cameo-run/UserError.h"
#include <algorithm>
#include <cmath>
#include <cstdio>

namespace cameo::run {
namespace {

/// "[0, 3, 17]" of a flat index.
std::string position(uint64_t index, const std::vector<int64_t> &dims) {
  std::string text;
  for (size_t axis = dims.size(); axis-- > 0;) {
    text = std::to_string(index % uint64_t(dims[axis])) + (text.empty() ? "" : ", ") + text;
    index /= uint64_t(dims[axis]);
  }
  return "[" + text + "]";
}

Comparison compareTexts(const NpzEntry &output, const Tensor &expected) {
  uint64_t different = 0, first = 0;
  for (uint64_t i = expected.size(); i-- > 0;)
    if (textAt(output.tensor.data, i) != textAt(expected.data.get(), i)) {
      ++different;
      first = i;
    }
  if (!different)
    return {output.name, true, "agrees"};
  auto shown = [&](const void *data) { return "'" + escaped(std::string(textAt(data, first))) + "'"; };
  return {output.name, false,
          std::to_string(different) + " of " + std::to_string(expected.size()) + " texts differ, first at " +
              position(first, expected.dims) + ": " + shown(output.tensor.data) + ", expected " +
              shown(expected.data.get())};
}

Comparison compareOne(const NpzEntry &output, const Tensor &expected, double rtol, double atol) {
  const cameo_tensor &found = output.tensor;
  bool isText = found.dtype == CAMEO_STRING;
  if (isFloat(found.dtype) != isFloat(expected.dtype) || isText != (expected.dtype == CAMEO_STRING))
    return {output.name, false,
            std::string("element type is ") + cameo_dtype_name(found.dtype) + ", expected " +
                cameo_dtype_name(expected.dtype)};
  if (!std::equal(found.dims, found.dims + found.rank, expected.dims.begin(), expected.dims.end()))
    return {output.name, false,
            "shape is " + shapeText(found.dims, found.rank) + ", expected " +
                shapeText(expected.dims.data(), expected.dims.size())};
  if (isText)
    return compareTexts(output, expected);
  uint64_t different = 0, first = 0;
  double largest = 0;
  for (uint64_t i = 0; i < expected.size(); ++i) {
    double f = loadElement(found.data, found.dtype, i), e = loadElement(expected.data.get(), expected.dtype, i);
    if (f == e || (std::isnan(f) && std::isnan(e)))
      continue;
    double difference = std::fabs(f - e);
    largest = std::isnan(difference) ? INFINITY : std::max(largest, difference);
    // Where e is infinite the right side is too, and f is not.
    if (!std::isinf(e) && difference <= atol + rtol * std::fabs(e))
      continue;
    if (!different++)
      first = i;
  }
  char text[256];
  if (!different) {
    snprintf(text, sizeof(text), "agrees, largest difference %.3g", largest);
    return {output.name, true, text};
  }
  snprintf(text, sizeof(text), "%llu of %llu values differ, largest difference %.3g, first at %s: %.9g, expected %.9g",
           (unsigned long long)different, (unsigned long long)expected.size(), largest,
           position(first, expected.dims).c_str(), loadElement(found.data, found.dtype, first),
           loadElement(expected.data.get(), expected.dtype, first));
  return {output.name, false, text};
}

} // namespace

std::vector<Comparison> compareOutputs(const std::vector<NpzEntry> &outputs, const std::string &path, double rtol,
                                       double atol, const std::function<bool(const std::string &)> &isIgnored) {
  std::vector<Comparison> results;
  for (auto &[name, expected] : readNpz(path)) {
    auto output =
        std::find_if(outputs.begin(), outputs.end(), [&](const NpzEntry &entry) { return entry.name == name; });
    if (output == outputs.end() && isIgnored && isIgnored(name))
      continue;
    if (output == outputs.end())
      results.push_back({name, false, "the program has no such output"});
    else
      results.push_back(compareOne(
          *output, fromNpyType(std::move(expected), output->tensor.dtype, escaped(path) + ": '" + escaped(name) + "'"),
          rtol, atol));
  }
  if (results.empty())
    throw UserError("E-NPY", BadInput, escaped(path) + ": holds no output, so there is nothing to expect");
  return results;
}

} // namespace cameo::run

// Inputs.cpp - see Inputs.h.
#include "cameo-run/Inputs.h"
#include "cameo-run/Files.h"
#include "cameo-run/UserError.h"
#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <set>

namespace cameo::run {
namespace {

/// What --input says about one input that has to be generated.
struct Generated {
  enum Kind { Random, Ones, Zeros } kind = Random;
  uint64_t seed = 0;
};

/// "ones", "zeros", "random", "random:7".
std::optional<Generated> parseGenerated(const std::string &spec) {
  if (spec == "ones")
    return Generated{Generated::Ones};
  if (spec == "zeros")
    return Generated{Generated::Zeros};
  if (spec == "random")
    return Generated{};
  if (!spec.starts_with("random:"))
    return std::nullopt;
  char *end;
  errno = 0;
  uint64_t seed = strtoull(spec.c_str() + 7, &end, 10);
  if (!isdigit(static_cast<unsigned char>(spec[7])) || *end || errno)
    throw UserError("E-USAGE", Usage, "--input: '" + escaped(spec) + "': the seed is a number from 0 to 2^64-1");
  return Generated{Generated::Random, seed};
}

/// Numbers separated by commas.
std::vector<double> parseNumbers(const std::string &text, const std::string &spec) {
  std::vector<double> numbers;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    std::string word = text.substr(begin, end - begin);
    char *rest;
    double number = strtod(word.c_str(), &rest);
    if (word.empty() || *rest)
      throw UserError("E-USAGE", Usage, "--input: '" + escaped(spec) + "': '" + escaped(word) + "' is not a number");
    numbers.push_back(number);
    begin = end + 1;
  }
  return numbers;
}

/// Splits "FILE.png:scale=1:mean=0" into path and options; nothing where it is not a picture.
std::optional<std::string> parsePng(const std::string &spec, PngOptions &options) {
  size_t end = spec.find(".png");
  if (end == std::string::npos || (end + 4 < spec.size() && spec[end + 4] != ':'))
    return std::nullopt;
  end += 4;
  for (size_t begin = end; begin < spec.size();) {
    size_t next = std::min(spec.find(':', begin + 1), spec.size());
    std::string option = spec.substr(begin + 1, next - begin - 1);
    std::string key = option.substr(0, option.find('='));
    std::string value = option.size() > key.size() ? option.substr(key.size() + 1) : "";
    if (key == "order" && (value == "bgr" || value == "rgb"))
      options.isBgr = value == "bgr";
    else if (key == "scale")
      options.scale = parseNumbers(value, spec).front();
    else if (key == "mean")
      options.mean = parseNumbers(value, spec);
    else if (key == "std")
      options.deviation = parseNumbers(value, spec);
    else
      throw UserError("E-USAGE", Usage,
                      "--input: '" + escaped(spec) + "': unknown picture option '" + escaped(option) +
                          "'; expected scale=, mean=, std= or order=rgb|bgr");
    begin = next;
  }
  return spec.substr(0, end);
}

class InputMaker {
public:
  InputMaker(const cameo_program *program, const Options &options)
      : program(program), options(options), tensors(cameo_program_num_inputs(program)), generated(tensors.size()),
        isGiven(tensors.size()) {}

  std::vector<Tensor> make() {
    for (const std::string &spec : options.inputs)
      readSpec(spec);
    collectSizes();
    for (size_t i = 0; i < tensors.size(); ++i)
      if (!tensors[i].data)
        generate(i);
    return std::move(tensors);
  }

private:
  const cameo_value_info &info(size_t index) const { return *cameo_program_input(program, index); }

  void readSpec(const std::string &spec) {
    // Names may contain '=', so the text before any of them may be the name.
    for (size_t equals = spec.find('='); equals != std::string::npos; equals = spec.find('=', equals + 1))
      if (int64_t index = cameo_program_find_input(program, spec.substr(0, equals).c_str()); index >= 0)
        return readInput(size_t(index), spec.substr(equals + 1));
    PngOptions png;
    bool isNamed = spec.find('=') != std::string::npos && !parsePng(spec, png);
    if (!isNamed && spec.ends_with(".npz"))
      return readArchive(spec);
    if (!isNamed && tensors.size() == 1)
      return readInput(0, spec);
    std::string name = spec.substr(0, spec.find('='));
    throw UserError("E-INPUT", BadInput,
                    isNamed ? "there is no input '" + escaped(name) + "'; the program has " + inputNames(program)
                            : "--input=" + escaped(spec) + ": which input is that for? expected NAME=" + escaped(spec) +
                                  "; the program has " + inputNames(program));
  }

  void take(size_t index) {
    if (isGiven[index])
      throw UserError("E-USAGE", Usage, "input '" + escaped(info(index).name) + "' is given twice");
    isGiven[index] = true;
  }

  void readInput(size_t index, const std::string &spec) {
    take(index);
    PngOptions png;
    if (auto request = parseGenerated(spec))
      generated[index] = *request;
    else if (auto path = parsePng(spec, png))
      tensors[index] = readPng(*path, png, info(index));
    else if (spec.ends_with(".npy")) {
      MappedFile file(spec);
      tensors[index] = adapted(index, readNpy(file.data(), file.size(), escaped(spec)));
    } else if (spec.ends_with(".npz")) {
      std::vector<NamedTensor> entries = readNpz(spec);
      if (entries.size() != 1)
        throw UserError("E-INPUT", BadInput,
                        escaped(spec) + ": has " + std::to_string(entries.size()) +
                            " entries; expected one for input '" + escaped(info(index).name) + "'");
      tensors[index] = adapted(index, std::move(entries.front().second));
    } else if (spec.ends_with(".pb"))
      tensors[index] = readPb(spec);
    else
      throw UserError("E-USAGE", Usage,
                      "--input: '" + escaped(spec) +
                          "' is not known; expected a .npy, .npz, .pb or .png file, random[:SEED], ones or zeros");
  }

  /// Entries that name outputs are let be: one archive may hold what goes in and what comes out (--expect).
  void readArchive(const std::string &path) {
    std::string unknown;
    for (auto &[name, tensor] : readNpz(path)) {
      int64_t index = cameo_program_find_input(program, name.c_str());
      if (index < 0 && cameo_program_find_output(program, name.c_str()) >= 0)
        continue;
      if (index < 0) {
        unknown += (unknown.empty() ? "'" : ", '") + escaped(name) + "'";
        continue;
      }
      take(size_t(index));
      tensors[size_t(index)] = adapted(size_t(index), std::move(tensor));
    }
    if (!unknown.empty())
      throw UserError("E-INPUT", BadInput,
                      escaped(path) + ": " + unknown + " is no input; the program has " + inputNames(program));
  }

  Tensor adapted(size_t index, Tensor tensor) const {
    return fromNpyType(std::move(tensor), info(index).dtype, "input '" + escaped(info(index).name) + "'");
  }

  /// Sizes of the symbols: what the given tensors have, then --dim.
  void collectSizes() {
    std::set<std::string> known;
    std::map<std::string, int64_t> asked(options.dims.begin(), options.dims.end());
    for (size_t i = 0; i < tensors.size(); ++i)
      for (uint32_t axis = 0; axis < info(i).rank; ++axis) {
        const char *symbol = info(i).symbols ? info(i).symbols[axis] : nullptr;
        if (!symbol || !*symbol)
          continue;
        if (int64_t fixed = info(i).dims[axis]; fixed >= 0) { // the model has only this size
          if (auto found = asked.find(symbol); found != asked.end() && found->second != fixed)
            throw UserError("E-USAGE", Usage,
                            "--dim=" + escaped(symbol) + " is " + std::to_string(found->second) + "; expected " +
                                std::to_string(fixed) + ", which is all that the model can take");
          asked.erase(symbol);
          continue;
        }
        if (tensors[i].data && axis < tensors[i].dims.size())
          sizes.emplace(symbol, tensors[i].dims[axis]);
        known.insert(escaped(symbol));
        asked.erase(symbol);
      }
    if (!asked.empty()) {
      std::string names;
      for (const std::string &name : known)
        names += (names.empty() ? "there is " : ", ") + name;
      throw UserError("E-USAGE", Usage,
                      "--dim=" + escaped(asked.begin()->first) + ": no input has such a dimension; " +
                          (known.empty() ? "all sizes are fixed" : names));
    }
    for (const auto &[name, size] : options.dims)
      sizes.emplace(name, size);
  }

  void generate(size_t index) {
    const cameo_value_info &input = info(index);
    std::vector<int64_t> dims(input.dims, input.dims + input.rank);
    for (uint32_t axis = 0; axis < input.rank; ++axis)
      if (dims[axis] < 0) {
        auto size = input.symbols && input.symbols[axis] ? sizes.find(input.symbols[axis]) : sizes.end();
        dims[axis] = size == sizes.end() ? 1 : size->second;
      }
    Tensor tensor(input.dtype, dims, "input '" + escaped(input.name) + "'");
    generatedBytes += tensor.bytes();
    if (options.memoryBudget && generatedBytes > options.memoryBudget)
      throw UserError("E-MEMORY", LimitExceeded,
                      "input '" + escaped(input.name) + "' has " + std::to_string(tensor.bytes()) +
                          " bytes, more than are left of --memory-budget=" + std::to_string(options.memoryBudget));
    if (generated[index].kind == Generated::Random)
      fillRandom(tensor, generated[index].seed, input.name);
    else if (generated[index].kind == Generated::Ones)
      fillOnes(tensor);
    else
      memset(tensor.data.get(), 0, tensor.bytes());
    tensors[index] = std::move(tensor);
  }

  const cameo_program *program;
  const Options &options;
  std::vector<Tensor> tensors;
  std::vector<Generated> generated;
  std::vector<bool> isGiven;
  std::map<std::string, int64_t> sizes;
  uint64_t generatedBytes = 0;
};

} // namespace

std::vector<Tensor> makeInputs(const cameo_program *program, const Options &options) {
  return InputMaker(program, options).make();
}

std::string inputNames(const cameo_program *program) {
  std::string names;
  for (uint64_t i = 0; i < cameo_program_num_inputs(program); ++i)
    names += (i ? ", '" : "'") + escaped(cameo_program_input(program, i)->name) + "'";
  return names.empty() ? "no inputs" : names;
}

} // namespace cameo::run

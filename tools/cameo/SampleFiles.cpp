// SampleFiles.cpp - see SampleFiles.h. Files of a folder are read one at a time; of an archive, once.
#include "SampleFiles.h"
#include "cameo-run/Files.h"
#include "cameo-run/UserError.h"
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <system_error>

using namespace cameo::compression;
using namespace cameo::run;
namespace fs = std::filesystem;

namespace cameo::tool {
namespace {

[[noreturn]] void refuse(const std::string &what, const std::string &why) {
  throw UserError("E-CALIB", BadInput, escaped(what) + ": " + why);
}

[[noreturn]] void refuseUnreadable(const std::string &path, const std::error_code &error) {
  throw UserError("E-FILE", File, escaped(path) + ": cannot be read: " + error.message());
}

/// What `path` leads to, links followed; not_found where there is nothing.
fs::file_type typeOf(const std::string &path) {
  std::error_code error;
  fs::file_type type = fs::status(path, error).type();
  if (type == fs::file_type::none)
    refuseUnreadable(path, error);
  return type;
}

bool isFolder(const std::string &path) { return typeOf(path) == fs::file_type::directory; }

uint64_t bytesOf(const std::string &file) {
  std::error_code error;
  uint64_t bytes = fs::file_size(file, error);
  if (error)
    refuseUnreadable(file, error);
  return bytes;
}

bool isLabel(const std::string &name) { return name == "label" || name == "labels"; }

std::string listOf(const std::vector<InputInfo> &inputs) {
  std::string names;
  for (const InputInfo &input : inputs)
    names += (names.empty() ? "'" : ", '") + escaped(input.name) + "'";
  return names.empty() ? "no inputs" : names;
}

/// "?x1x8x8"
std::string wantedText(const InputInfo &input) {
  std::string text;
  for (int64_t size : input.dims)
    text += (text.empty() ? "" : "x") + (size < 0 ? "?" : std::to_string(size));
  return input.dims.empty() ? "scalar" : text;
}

/// Checks a tensor against what the model wants.
void check(const std::string &file, const InputInfo &input, const cameo_tensor &tensor) {
  std::string what = "input '" + escaped(input.name) + "' ";
  if (tensor.dtype != input.dtype)
    refuse(file, what + "is of type " + cameo_dtype_name(tensor.dtype) + "; the model takes " +
                     cameo_dtype_name(input.dtype));
  bool fits = tensor.rank == input.dims.size();
  for (uint32_t i = 0; fits && i < tensor.rank; ++i)
    fits = input.dims[i] < 0 || input.dims[i] == tensor.dims[i];
  if (!fits)
    refuse(file, what + "has shape " + shapeText(tensor.dims, tensor.rank) + "; the model takes " + wantedText(input));
  uint64_t count = 1;
  for (uint32_t i = 0; i < tensor.rank; ++i)
    count *= uint64_t(tensor.dims[i]);
  for (uint64_t i = 0; isFloat(tensor.dtype) && i < count; ++i)
    if (double x = loadElement(tensor.data, tensor.dtype, i); !std::isfinite(x))
      refuse(file, what + "holds " + (std::isnan(x) ? "a NaN" : "an infinity") + ", first as element " +
                       std::to_string(i) + " of " + std::to_string(count));
}

/// A sample may have empty tensors (a cache before the first token), but not only such.
void checkNotEmpty(const std::string &file, const std::vector<cameo_tensor> &inputs) {
  bool isEmpty = std::none_of(inputs.begin(), inputs.end(), [](const cameo_tensor &tensor) {
    return std::find(tensor.dims, tensor.dims + tensor.rank, 0) == tensor.dims + tensor.rank;
  });
  if (isEmpty)
    refuse(file, "is empty: no input has a number in it");
}

std::vector<int64_t> numbersOf(const cameo_tensor &tensor, uint64_t count) {
  std::vector<int64_t> numbers;
  for (uint64_t i = 0; i < count; ++i)
    numbers.push_back(int64_t(loadElement(tensor.data, tensor.dtype, i)));
  return numbers;
}

/// Tensors by number of the input, and labels.
struct Archive {
  std::vector<run::Tensor> tensors;
  run::Tensor label;

  Archive(const std::string &path, const std::vector<InputInfo> &inputs) : tensors(inputs.size()) {
    for (auto &[name, tensor] : readNpz(path)) {
      auto found = std::find_if(inputs.begin(), inputs.end(), [&](const InputInfo &i) { return i.name == name; });
      if (found != inputs.end())
        tensors[size_t(found - inputs.begin())] =
            fromNpyType(std::move(tensor), found->dtype, "input '" + escaped(name) + "'");
      else if (isLabel(name))
        label = std::move(tensor);
      else
        refuse(path, "'" + escaped(name) + "' is no input; the model has " + listOf(inputs) +
                         ", and an archive may have 'label'");
    }
    for (size_t i = 0; i < inputs.size(); ++i)
      if (!tensors[i].data)
        refuse(path, "input '" + escaped(inputs[i].name) + "' is missing");
  }
};

/// One archive: samples are slices.
class ArchiveSamples : public Samples {
public:
  ArchiveSamples(std::string path, std::vector<InputInfo> inputs, size_t limit)
      : path(std::move(path)), infos(std::move(inputs)), archive(this->path, infos), dims(infos.size()) {
    for (size_t i = 0; i < infos.size(); ++i) {
      const run::Tensor &tensor = archive.tensors[i];
      size_t rank = infos[i].dims.size();
      if (tensor.dims.empty() || (tensor.dims.size() != rank && tensor.dims.size() != rank + 1))
        refuse(this->path, "input '" + escaped(infos[i].name) + "' has shape " +
                               shapeText(tensor.dims.data(), tensor.dims.size()) +
                               "; expected samples as its first axis, of " + shapeText(infos[i].dims.data(), rank));
      if (i && tensor.dims[0] != archive.tensors[0].dims[0])
        refuse(this->path, "input '" + escaped(infos[i].name) + "' has " + std::to_string(tensor.dims[0]) +
                               " samples, '" + escaped(infos[0].name) + "' " +
                               std::to_string(archive.tensors[0].dims[0]));
      dims[i].assign(tensor.dims.begin() + 1, tensor.dims.end());
      if (tensor.dims.size() == rank) // samples are along the model's own first axis
        dims[i].insert(dims[i].begin(), 1);
    }
    count = infos.empty() ? 0 : size_t(archive.tensors[0].dims[0]);
    if (archive.label.data && (archive.label.dims.empty() || size_t(archive.label.dims[0]) != count))
      refuse(this->path, "there is not one label for each of " + std::to_string(count) + " samples");
    count = std::min(count, limit);
  }

  size_t size() const override { return count; }
  std::string identity() const override { return path + ":" + std::to_string(count); }

  std::vector<cameo_tensor> inputs(size_t index) override {
    std::vector<cameo_tensor> views;
    for (size_t i = 0; i < infos.size(); ++i) {
      cameo_tensor view{nullptr, archive.tensors[i].dtype, uint32_t(dims[i].size()), dims[i].data()};
      uint64_t bytes = cameo_tensor_bytes(view.dtype, view.dims, view.rank);
      // A slice need not be aligned as the runtime wants it.
      slices.resize(infos.size());
      slices[i].assign(archive.tensors[i].data.get() + index * bytes,
                       archive.tensors[i].data.get() + (index + 1) * bytes);
      view.data = slices[i].data();
      check(path + ", sample " + std::to_string(index), infos[i], view);
      views.push_back(view);
    }
    checkNotEmpty(path + ", sample " + std::to_string(index), views);
    last = index;
    return views;
  }

  std::vector<int64_t> labels() override {
    if (!archive.label.data)
      return {};
    uint64_t each = archive.label.size() / uint64_t(archive.label.dims[0]);
    std::vector<int64_t> all = numbersOf(archive.label.view(), (last + 1) * each);
    return {all.end() - int64_t(each), all.end()};
  }

private:
  std::string path;
  std::vector<InputInfo> infos;
  Archive archive;
  std::vector<std::vector<int64_t>> dims; ///< of a sample
  std::vector<std::vector<uint8_t>> slices;
  size_t count = 0, last = 0;
};

/// A file or a folder of .pb files per sample.
class FolderSamples : public Samples {
public:
  FolderSamples(const std::string &folder, std::vector<InputInfo> inputs, size_t limit) : infos(std::move(inputs)) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      std::string path = entry->path().string(), extension = entry->path().extension().string();
      if (extension == ".npz" || extension == ".npy" || extension == ".pb" ||
          (isFolder(path) && typeOf(path + "/input_0.pb") != fs::file_type::not_found))
        files.push_back(path);
    }
    if (error)
      refuseUnreadable(folder, error);
    std::sort(files.begin(), files.end());
    files.resize(std::min(files.size(), limit));
  }

  size_t size() const override { return files.size(); }

  std::string identity() const override {
    std::string all;
    for (const std::string &file : files)
      all += file + ":" + (typeOf(file) == fs::file_type::regular ? std::to_string(bytesOf(file)) : "") + ";";
    return all;
  }

  std::vector<cameo_tensor> inputs(size_t index) override {
    const std::string &file = files[index];
    loaded.clear();
    label = run::Tensor();
    if (isFolder(file)) {
      for (size_t i = 0; i < infos.size(); ++i)
        loaded.push_back(readPb(file + "/input_" + std::to_string(i) + ".pb"));
    } else if (file.ends_with(".npz")) {
      Archive archive(file, infos);
      loaded = std::move(archive.tensors), label = std::move(archive.label);
    } else if (infos.size() != 1) {
      refuse(file, "holds one tensor; the model has " + listOf(infos) + ", for which an .npz has names");
    } else if (file.ends_with(".pb")) {
      loaded.push_back(readPb(file));
    } else {
      MappedFile mapped(file);
      loaded.push_back(fromNpyType(readNpy(mapped.data(), mapped.size(), escaped(file)), infos[0].dtype,
                                   "input '" + escaped(infos[0].name) + "'"));
    }
    std::vector<cameo_tensor> views;
    for (size_t i = 0; i < infos.size(); ++i) {
      check(file, infos[i], loaded[i].view());
      views.push_back(loaded[i].view());
    }
    checkNotEmpty(file, views);
    return views;
  }

  std::vector<int64_t> labels() override {
    return label.data ? numbersOf(label.view(), label.size()) : std::vector<int64_t>();
  }

private:
  std::vector<InputInfo> infos;
  std::vector<std::string> files;
  std::vector<run::Tensor> loaded;
  run::Tensor label;
};

/// Random numbers; sizes that only the run knows are 1.
class RandomSamples : public Samples {
public:
  RandomSamples(std::vector<InputInfo> inputs, size_t count) : infos(std::move(inputs)), count(count) {}
  size_t size() const override { return count; }
  std::string identity() const override { return "random:" + std::to_string(count); }

  std::vector<cameo_tensor> inputs(size_t index) override {
    tensors.clear();
    std::vector<cameo_tensor> views;
    for (const InputInfo &info : infos) {
      std::vector<int64_t> dims = info.dims;
      std::replace(dims.begin(), dims.end(), int64_t(-1), int64_t(1));
      tensors.emplace_back(info.dtype, dims, "input '" + escaped(info.name) + "'");
      fillRandom(tensors.back(), index, info.name);
    }
    for (const run::Tensor &tensor : tensors)
      views.push_back(tensor.view());
    return views;
  }
  std::vector<int64_t> labels() override { return {}; }

private:
  std::vector<InputInfo> infos;
  size_t count;
  std::vector<run::Tensor> tensors;
};

constexpr size_t kRandomSamples = 32;

std::unique_ptr<Samples> open(const std::string &data, std::vector<InputInfo> inputs, size_t limit) {
  if (data == "random") {
    fprintf(stderr, "cameo: warning: random inputs say little about the numbers that real ones make: ranges and errors "
                    "are those of "
                    "noise\n");
    return std::make_unique<RandomSamples>(std::move(inputs), std::min(kRandomSamples, limit));
  }
  if (isFolder(data))
    return std::make_unique<FolderSamples>(data, std::move(inputs), limit);
  if (data.ends_with(".npz"))
    return std::make_unique<ArchiveSamples>(data, std::move(inputs), limit);
  refuse(data, "is not known as data; expected a folder, an .npz file, or 'random'");
}

} // namespace

std::unique_ptr<Samples> openSamples(const std::string &data, std::vector<InputInfo> inputs, size_t limit) {
  std::unique_ptr<Samples> samples = open(data, std::move(inputs), limit);
  if (!samples->size())
    refuse(data, "is empty: there is no .npz, .npy or .pb file in it");
  if (samples->size() < kFewestSamples)
    refuse(data, "has too few samples: " + std::to_string(samples->size()) + "; at least " +
                     std::to_string(kFewestSamples) + " are needed to say anything about others");
  for (size_t i = 0; i < samples->size(); ++i) // before anything is compiled
    samples->inputs(i);
  return samples;
}

} // namespace cameo::tool

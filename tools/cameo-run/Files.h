// Files.h - reading and writing tensors: .npy, .npz, ONNX .pb and .png.
// All sizes in these files are checked against the file before they are believed; what is wrong becomes a UserError
// that names the file.
#pragma once
#include "cameo-run/Tensor.h"
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cameo::run {

/// A file mapped read-only. UserError(E-FILE) for what cannot be opened or is not a regular file.
class MappedFile {
public:
  explicit MappedFile(const std::string &path);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  const uint8_t *data() const { return bytes; }
  uint64_t size() const { return count; }

private:
  const uint8_t *bytes = nullptr;
  uint64_t count = 0;
};

/// Writes the pieces one after the other to a temporary file beside `path` and renames it, so that no reader sees half
/// of it.
void writeFile(const std::string &path, const std::vector<std::pair<const void *, uint64_t>> &pieces);

using NamedTensor = std::pair<std::string, Tensor>;

/// NumPy's .npy, versions 1 to 3, little-endian, C order. "V2" and "V1" arrays, as NumPy writes types of ml_dtypes, are
/// read as bf16 and as uint8, strings of fixed width ("<U5", "|S5") as tensors of strings in UTF-8.
///
/// What NumPy has no type for is stored as onnx.numpy_helper and ml_dtypes lay it out, one element in 1 or 2 bytes:
/// bf16 as its bits in uint16, floats of 8 bits or less as their bits in uint8, and the values of 4- and 2-bit integers
/// in int8 or uint8.
Tensor readNpy(const uint8_t *bytes, uint64_t size, const std::string &what);
/// `stored` as a tensor of element type `dtype`, where that is how NumPy's files hold it; unchanged otherwise.
/// UserError for values out of range.
Tensor fromNpyType(Tensor stored, uint32_t dtype, const std::string &what);
/// What to store for `tensor` where that is not its own bytes; for strings their characters, as 32-bit integers with a
/// last axis as long as the longest.
std::optional<Tensor> toNpyType(const cameo_tensor &tensor);
/// Header of the .npy which holds a tensor of such elements; `characters` is the width of strings.
std::string npyHeader(uint32_t dtype, const int64_t *dims, size_t rank, int64_t characters = 0);

/// NumPy's .npz: a zip archive of .npy, stored or deflated.
std::vector<NamedTensor> readNpz(const std::string &path);

/// One entry of an archive to write; the data is borrowed.
struct NpzEntry {
  std::string name; ///< without ".npy"
  cameo_tensor tensor;
};
void writeNpz(const std::string &path, const std::vector<NpzEntry> &entries);

/// ONNX TensorProto, as in the test data of ONNX models.
Tensor readPb(const std::string &path);

/// How a picture becomes numbers: value = (pixel * scale - mean[channel]) / deviation[channel], pixel from 0 to 255.
struct PngOptions {
  double scale = 1;
  std::vector<double> mean{0};      ///< one, or one per channel
  std::vector<double> deviation{1}; ///< one, or one per channel
  bool isBgr = false;
};

/// The picture as input `info` wants it.
///
/// Layout: rank 4 or 3; the channels are the first or the last of the three last axes, the one of size 3, else the one
/// of size 1. One channel takes luma (0.299 R + 0.587 G + 0.114 B). Sizes: fixed ones are met by resizing (triangle
/// filter with antialiasing, as Pillow's BILINEAR; the aspect ratio is not kept), free ones are the picture's own.
/// Transparency lies on black.
Tensor readPng(const std::string &path, const PngOptions &options, const cameo_value_info &info);

} // namespace cameo::run

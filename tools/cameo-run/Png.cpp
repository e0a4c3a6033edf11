// Png.cpp - a picture as a model's input.
#include "cameo-run/Files.h"
#include "cameo-run/UserError.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <png.h>

namespace cameo::run {
namespace {

/// Rows of pixels with three interleaved channels, 0 to 255.
struct Picture {
  int64_t height = 0, width = 0;
  std::vector<float> pixels;
};

Picture decode(const std::string &path) {
  MappedFile file(path);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  auto refuse = [&](const std::string &reason) {
    png_image_free(&image);
    throw UserError("E-PNG", BadInput, escaped(path) + ": " + reason);
  };
  if (!png_image_begin_read_from_memory(&image, file.data(), file.size()))
    refuse(std::string("not a PNG file: ") + image.message);
  constexpr uint64_t kMostPixels = 1 << 28;
  if (uint64_t(image.width) * image.height > kMostPixels)
    refuse("it has " + std::to_string(image.width) + "x" + std::to_string(image.height) +
           " pixels, expected at most 2^28");
  image.format = PNG_FORMAT_RGB;
  std::vector<uint8_t> bytes(PNG_IMAGE_SIZE(image));
  png_color black{0, 0, 0};
  if (!png_image_finish_read(&image, &black, bytes.data(), 0, nullptr))
    refuse(std::string("it cannot be decoded: ") + image.message);
  Picture picture{int64_t(image.height), int64_t(image.width), std::vector<float>(bytes.begin(), bytes.end())};
  png_image_free(&image);
  return picture;
}

/// Resizes along one axis: `count` lines of `from` samples become lines of `to` samples. Sample s of line l is at
/// l * lineStride + s * stride in the source, and each sample has three channels.
/// Triangle filter; when shrinking it is widened by the factor, so that every source pixel counts.
std::vector<float> resizeAxis(const std::vector<float> &source, int64_t count, int64_t from, int64_t to,
                              bool isVertical) {
  std::vector<float> result(size_t(count * to * 3));
  double factor = double(from) / double(to), radius = std::max(factor, 1.0);
  std::vector<double> weights;
  for (int64_t t = 0; t < to; ++t) {
    double center = (double(t) + 0.5) * factor;
    int64_t begin = std::max<int64_t>(0, int64_t(center - radius + 0.5));
    int64_t end = std::min<int64_t>(from, int64_t(center + radius + 0.5));
    weights.clear();
    double sum = 0;
    for (int64_t s = begin; s < end; ++s) {
      weights.push_back(std::max(0.0, 1 - std::fabs((double(s) + 0.5 - center) / radius)));
      sum += weights.back();
    }
    for (int64_t line = 0; line < count; ++line)
      for (int64_t channel = 0; channel < 3; ++channel) {
        double value = 0;
        for (int64_t s = begin; s < end; ++s)
          value += weights[size_t(s - begin)] *
                   source[size_t((isVertical ? s * count + line : line * from + s) * 3 + channel)];
        result[size_t((isVertical ? t * count + line : line * to + t) * 3 + channel)] = float(value / sum);
      }
  }
  return result;
}

void resize(Picture &picture, int64_t height, int64_t width) {
  if (width != picture.width)
    picture.pixels = resizeAxis(picture.pixels, picture.height, picture.width, width, false);
  picture.width = width;
  if (height != picture.height)
    picture.pixels = resizeAxis(picture.pixels, picture.width, picture.height, height, true);
  picture.height = height;
}

double channelOf(const std::vector<double> &values, int64_t channel) {
  return values[values.size() > 1 ? size_t(channel) : 0];
}

} // namespace

Tensor readPng(const std::string &path, const PngOptions &options, const cameo_value_info &info) {
  auto refuse = [&](const std::string &reason) {
    throw UserError("E-INPUT", BadInput, "input '" + escaped(info.name) + "' " + reason);
  };
  std::string wanted = shapeText(info.dims, info.rank, info.symbols);
  if (info.rank != 3 && info.rank != 4)
    refuse("has shape " + wanted + "; a picture needs rank 3 or 4");
  const int64_t *dims = info.dims + (info.rank - 3);
  // An axis of 3 decides before one of 1, which may as well be a height.
  bool isFirst = dims[0] == 3 || (dims[2] != 3 && dims[0] == 1);
  int64_t channels = dims[isFirst ? 0 : 2];
  if (channels != 1 && channels != 3)
    refuse("has shape " + wanted + "; a picture needs an axis of 1 or 3 channels, the first or the last");
  if (info.rank == 4 && info.dims[0] > 1)
    refuse("has batch size " + std::to_string(info.dims[0]) + "; a picture fills a batch of 1");
  for (const std::vector<double> *values : {&options.mean, &options.deviation})
    if (values->size() != 1 && int64_t(values->size()) != channels)
      throw UserError("E-USAGE", Usage,
                      escaped(path) + ": mean and std take 1 value or one per channel (" + std::to_string(channels) +
                          "), not " + std::to_string(values->size()));

  Picture picture = decode(path);
  int64_t height = dims[isFirst ? 1 : 0], width = dims[isFirst ? 2 : 1];
  height = height < 0 ? picture.height : height;
  width = width < 0 ? picture.width : width;
  if (height > 1 << 15 || width > 1 << 15)
    refuse("has shape " + wanted + "; a picture is at most 32768 pixels high and wide");
  resize(picture, height, width);

  std::vector<int64_t> shape;
  if (info.rank == 4)
    shape.push_back(1);
  for (int64_t size : isFirst ? std::vector{channels, height, width} : std::vector{height, width, channels})
    shape.push_back(size);
  Tensor tensor(info.dtype, shape, escaped(path));
  for (int64_t i = 0; i < height * width; ++i) {
    const float *pixel = &picture.pixels[size_t(i * 3)];
    for (int64_t c = 0; c < channels; ++c) {
      double value =
          channels == 1 ? 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2] : pixel[options.isBgr ? 2 - c : c];
      value = (value * options.scale - channelOf(options.mean, c)) / channelOf(options.deviation, c);
      storeElement(tensor.data.get(), tensor.dtype, uint64_t(isFirst ? c * height * width + i : i * channels + c),
                   value);
    }
  }
  return tensor;
}

} // namespace cameo::run

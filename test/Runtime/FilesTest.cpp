// FilesTest.cpp - cameo-run's file formats: round trips, and every damaged file is a UserError.
#include "cameo-run/Files.h"
#include "Testing.h"
#include "cameo-run/Compare.h"
#include "cameo-run/UserError.h"
#include <cmath>
#include <cstring>
#include <fstream>
#include <png.h>

using namespace cameo::run;
using cameo::testing::TemporaryFolder;

namespace {

Tensor counting(uint32_t dtype, std::vector<int64_t> dims) {
  Tensor tensor(dtype, std::move(dims), "test");
  for (uint64_t i = 0; i < tensor.size(); ++i)
    storeElement(tensor.data.get(), dtype, i, double(i % 2 ? i : 0));
  return tensor;
}

/// The message of the UserError which `fn` throws; empty when there is none.
template <typename Fn> std::string errorOf(Fn fn, const char *code = nullptr) {
  try {
    fn();
  } catch (const UserError &error) {
    EXPECT_EQ(error.code, code ? code : error.code);
    return error.what();
  }
  return "";
}

std::string npyOf(const std::string &header, size_t dataBytes) {
  std::string file("\x93NUMPY\x01\x00", 8);
  file += char(header.size() & 255);
  file += char(header.size() >> 8);
  return file + header + std::string(dataBytes, 0);
}

std::string npyError(const std::string &file) {
  return errorOf([&] { readNpy(reinterpret_cast<const uint8_t *>(file.data()), file.size(), "a.npy"); }, "E-NPY");
}

/// A picture with one grey or coloured pixel per entry, written by libpng.
std::string writePicture(const TemporaryFolder &folder, uint32_t width, uint32_t height,
                         const std::vector<uint8_t> &rgb) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_RGB;
  std::string path = folder / "a.png";
  EXPECT_TRUE(png_image_write_to_file(&image, path.c_str(), 0, rgb.data(), 0, nullptr));
  return path;
}

std::vector<double> valuesOf(const Tensor &tensor) {
  std::vector<double> values;
  for (uint64_t i = 0; i < tensor.size(); ++i)
    values.push_back(loadElement(tensor.data.get(), tensor.dtype, i));
  return values;
}

} // namespace

TEST(Elements, SixteenBitFloatsRoundToEven) {
  uint16_t bits;
  auto half = [&](double value) { return storeElement(&bits, CAMEO_F16, 0, value), bits; };
  EXPECT_EQ(half(1), 0x3c00);
  EXPECT_EQ(half(-2), 0xc000);
  EXPECT_EQ(half(65504), 0x7bff);
  EXPECT_EQ(half(65519.9), 0x7bff);
  EXPECT_EQ(half(65520), 0x7c00);
  EXPECT_EQ(half(std::ldexp(1, -24)), 1);
  EXPECT_EQ(half(std::ldexp(1, -25)), 0);
  EXPECT_EQ(half(1 + std::ldexp(1, -11)), 0x3c00);
  EXPECT_EQ(half(1 + 3 * std::ldexp(1, -11)), 0x3c02);
  EXPECT_EQ(half(2 - std::ldexp(1, -12)), 0x4000);
  // All finite values survive a round trip.
  for (uint32_t i = 0; i < 0x7c00; ++i) {
    uint16_t from = uint16_t(i);
    ASSERT_EQ(half(loadElement(&from, CAMEO_F16, 0)), from);
  }
  auto bfloat = [&](double value) { return storeElement(&bits, CAMEO_BF16, 0, value), bits; };
  EXPECT_EQ(bfloat(1), 0x3f80);
  EXPECT_EQ(bfloat(1 + std::ldexp(1, -8)), 0x3f80);
  EXPECT_EQ(bfloat(1 + std::ldexp(1, -8) + std::ldexp(1, -40)), 0x3f81);
  EXPECT_EQ(bfloat(1 + 3 * std::ldexp(1, -8)), 0x3f82);
  EXPECT_EQ(bfloat(INFINITY), 0x7f80);
  EXPECT_TRUE(std::isnan((bfloat(NAN), loadElement(&bits, CAMEO_BF16, 0))));
}

TEST(Elements, NarrowFloatsRoundAndSaturate) {
  uint8_t bits = 0;
  auto narrow = [&](uint32_t dtype, double value) { return storeElement(&bits, dtype, 0, value), unsigned(bits); };
  EXPECT_EQ(narrow(CAMEO_F8E4M3FN, 1), 0x38u);
  EXPECT_EQ(narrow(CAMEO_F8E4M3FN, -500), 0xfeu);
  EXPECT_EQ(narrow(CAMEO_F8E4M3FN, 1.0625), 0x38u); // ties to even
  EXPECT_EQ(narrow(CAMEO_F8E4M3FNUZ, -0.0), 0u);
  EXPECT_EQ(narrow(CAMEO_F8E4M3FNUZ, NAN), 0x80u);
  EXPECT_EQ(narrow(CAMEO_F8E5M2, INFINITY), 0x7bu);
  EXPECT_EQ(narrow(CAMEO_F8E5M2FNUZ, std::ldexp(1, -17)), 1u);
  EXPECT_EQ(narrow(CAMEO_F8E8M0, 3), 129u); // between 2 and 4, ties up
  for (uint32_t dtype : {CAMEO_F8E4M3FN, CAMEO_F8E4M3FNUZ, CAMEO_F8E5M2, CAMEO_F8E5M2FNUZ, CAMEO_F8E8M0})
    for (unsigned code = 0; code < 256; ++code) {
      uint8_t from = uint8_t(code);
      if (double value = loadElement(&from, dtype, 0); std::isfinite(value))
        ASSERT_EQ(narrow(dtype, value), code) << dtype;
    }
}

TEST(Elements, SomeShareBytes) {
  uint8_t bytes[2] = {0xff, 0xff};
  storeElement(bytes, CAMEO_I4, 1, -8);
  storeElement(bytes, CAMEO_I4, 2, 99);
  EXPECT_EQ(bytes[0], 0x8f);
  EXPECT_EQ(bytes[1], 0xf7);
  EXPECT_EQ(loadElement(bytes, CAMEO_I4, 1), -8);
  EXPECT_EQ(loadElement(bytes, CAMEO_U2, 6), 3);
  EXPECT_EQ(loadElement(bytes, CAMEO_F4E2M1, 2), 6);
}

TEST(Npy, TypesThatNumpyLacks) {
  Tensor stored(CAMEO_I8, {3}, "a.npy");
  const int8_t values[] = {-8, 7, 15}; // the last as its bits
  memcpy(stored.data.get(), values, sizeof(values));
  Tensor packed = fromNpyType(std::move(stored), CAMEO_I4, "a.npy");
  EXPECT_EQ(packed.bytes(), 2u);
  EXPECT_EQ(valuesOf(packed), (std::vector<double>{-8, 7, -1}));
  auto back = toNpyType(packed.view());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->dtype, uint32_t(CAMEO_I8));
  EXPECT_EQ(valuesOf(*back), valuesOf(packed));
  EXPECT_NE(npyHeader(CAMEO_F8E5M2, nullptr, 0).find("|u1"), std::string::npos);
  Tensor large(CAMEO_U8, {1}, "a.npy");
  large.data[0] = 4;
  EXPECT_NE(errorOf([&] { fromNpyType(std::move(large), CAMEO_U2, "a.npy"); }, "E-NPY").find("element 0 is 4"),
            std::string::npos);
}

TEST(Elements, IntegersAreClamped) {
  int8_t small;
  storeElement(&small, CAMEO_I8, 0, 1e9);
  EXPECT_EQ(small, 127);
  storeElement(&small, CAMEO_I8, 0, -1e9);
  EXPECT_EQ(small, -128);
  int64_t large;
  storeElement(&large, CAMEO_I64, 0, 1e30);
  EXPECT_EQ(large, INT64_MAX);
  storeElement(&large, CAMEO_I64, 0, NAN);
  EXPECT_EQ(large, 0);
}

TEST(Npz, RoundTripOfEveryType) {
  TemporaryFolder folder;
  for (uint32_t dtype : {CAMEO_F32, CAMEO_F64, CAMEO_F16, CAMEO_U8, CAMEO_I8, CAMEO_U16, CAMEO_I16, CAMEO_U32,
                         CAMEO_I32, CAMEO_U64, CAMEO_I64, CAMEO_BOOL}) {
    Tensor matrix = counting(dtype, {2, 3}), scalar = counting(dtype, {}), empty = counting(dtype, {0, 4}),
           vector = counting(dtype, {5});
    writeNpz(folder / "a.npz",
             {{"m", matrix.view()}, {"a/b:0", scalar.view()}, {"e", empty.view()}, {"v", vector.view()}});
    std::vector<NamedTensor> read = readNpz(folder / "a.npz");
    ASSERT_EQ(read.size(), 4u);
    EXPECT_EQ(read[0].first, "m");
    EXPECT_EQ(read[1].first, "a/b:0");
    EXPECT_EQ(read[0].second.dims, matrix.dims);
    EXPECT_EQ(read[1].second.dims, scalar.dims);
    EXPECT_EQ(read[2].second.dims, empty.dims);
    EXPECT_EQ(read[3].second.dims, vector.dims);
    EXPECT_EQ(read[0].second.dtype, dtype);
    EXPECT_EQ(memcmp(read[0].second.data.get(), matrix.data.get(), matrix.bytes()), 0);
  }
}

TEST(Npz, DamageIsAnError) {
  TemporaryFolder folder;
  Tensor tensor = counting(CAMEO_F32, {2, 3});
  writeNpz(folder / "a.npz", {{"m", tensor.view()}, {"n", tensor.view()}});
  std::ifstream stream(folder / "a.npz", std::ios::binary);
  std::vector<uint8_t> file((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_NE(errorOf([&] { readNpz(folder.write("b.npz", file.data(), size)); }), "") << size;
  // A changed byte may change a value; it must never do worse.
  for (size_t i = 0; i < file.size(); ++i) {
    file[i] ^= uint8_t(1 << i % 8);
    errorOf([&] { readNpz(folder.write("b.npz", file)); });
    file[i] ^= uint8_t(1 << i % 8);
  }
}

TEST(Npy, WhatCannotBeReadSaysWhy) {
  EXPECT_EQ(npyError(npyOf("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", 24)), "");
  EXPECT_NE(npyError(npyOf("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }\n", 24)).find("never unpickled"),
            std::string::npos);
  EXPECT_NE(npyError(npyOf("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }\n", 24)).find("big-endian"),
            std::string::npos);
  EXPECT_NE(npyError(npyOf("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n", 24)).find("Fortran"),
            std::string::npos);
  EXPECT_NE(
      npyError(npyOf("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3), }\n", 24)).find("structured"),
      std::string::npos);
  EXPECT_NE(npyError(npyOf("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }\n", 24)).find("needs 32"),
            std::string::npos);
  EXPECT_NE(npyError(npyOf("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, ), }\n", 24)), "");
  EXPECT_NE(npyError(npyOf("{'descr': '<f4', 'shape': (-1,)}", 24)), "");
  EXPECT_NE(npyError(npyOf("{'descr'", 0)), "");
  EXPECT_NE(npyError(npyOf("{'descr': '", 0)).find("not a Python dictionary"), std::string::npos);
  EXPECT_NE(npyError("\x93NUMPY\x02"), "");
  EXPECT_NE(npyError(std::string("\x93NUMPY\x02\x00\xff\xff\xff\x7f", 12)).find("at most 1 MiB"), std::string::npos);
}

TEST(Npy, SizesLargerThanMemory) {
  std::string file = npyOf("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }\n", 24);
  EXPECT_NE(errorOf([&] { readNpy(reinterpret_cast<const uint8_t *>(file.data()), file.size(), "a.npy"); }, "E-MEMORY"),
            "");
}

TEST(Pb, TypedAndRawValues) {
  TemporaryFolder folder;
  // dims 2 2, data_type FLOAT, raw_data of 16 bytes.
  std::string raw = "\x08\x02\x08\x02\x10\x01\x4a\x10";
  for (float value : {1.f, 2.f, 3.f, 4.f})
    raw.append(reinterpret_cast<const char *>(&value), 4);
  EXPECT_EQ(valuesOf(readPb(folder.write("a.pb", raw.data(), raw.size()))), (std::vector<double>{1, 2, 3, 4}));
  // dims 3 (packed), data_type INT8, int32_data 1 -1 2 (packed).
  std::string packed("\x0a\x01\x03\x10\x03\x2a\x0c\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02", 19);
  EXPECT_EQ(valuesOf(readPb(folder.write("a.pb", packed.data(), packed.size()))), (std::vector<double>{1, -1, 2}));
  // A shape of 2^40 elements, whose memory is not asked for: two int32 in raw_data, and one in int32_data.
  std::string large("\x0a\x06\x80\x80\x80\x80\x80\x20\x10\x06\x4a\x08\0\0\0\0\0\0\0\0", 20);
  auto refusal = [&](const std::string &bytes) {
    return errorOf([&] { readPb(folder.write("a.pb", bytes.data(), bytes.size())); });
  };
  EXPECT_NE(refusal(large).find("raw_data has 8 bytes, shape 1099511627776 needs 4398046511104"), std::string::npos);
  std::string few("\x0a\x06\x80\x80\x80\x80\x80\x20\x10\x06\x2a\x01\x07", 13);
  EXPECT_NE(refusal(few).find("its shape 1099511627776 needs more values than the file can hold"), std::string::npos);
  std::string texts("\x0a\x06\x80\x80\x80\x80\x80\x20\x10\x08\x32\x01x", 13);
  EXPECT_NE(refusal(texts).find("has 1 texts, shape 1099511627776 needs 1099511627776"), std::string::npos);
  for (size_t size = 0; size < raw.size(); ++size)
    EXPECT_NE(errorOf([&] { readPb(folder.write("a.pb", raw.data(), size)); }), "") << size;
  for (size_t i = 0; i < raw.size(); ++i)
    for (uint8_t change : {0x01, 0x02, 0x04, 0x80, 0xff}) {
      std::string changed = raw;
      changed[i] ^= char(change);
      errorOf([&] { readPb(folder.write("a.pb", changed.data(), changed.size())); });
    }
}

TEST(Png, LayoutsAndOptions) {
  TemporaryFolder folder;
  std::string path = writePicture(folder, 2, 1, {10, 20, 30, 40, 50, 60});
  int64_t nchw[] = {1, 3, 1, 2}, nhwc[] = {-1, 1, 2, 3}, grey[] = {1, 1, -1, -1}, chw[] = {3, 1, 2}, matrix[] = {2, 2};
  auto read = [&](const int64_t *dims, uint32_t rank, uint32_t dtype, PngOptions options = {}) {
    cameo_value_info info{"image", dtype, rank, dims, nullptr};
    return readPng(path, options, info);
  };
  EXPECT_EQ(valuesOf(read(nchw, 4, CAMEO_F32)), (std::vector<double>{10, 40, 20, 50, 30, 60}));
  EXPECT_EQ(valuesOf(read(nhwc, 4, CAMEO_U8)), (std::vector<double>{10, 20, 30, 40, 50, 60}));
  EXPECT_EQ(valuesOf(read(chw, 3, CAMEO_F32)), (std::vector<double>{10, 40, 20, 50, 30, 60}));
  Tensor luma = read(grey, 4, CAMEO_F64);
  EXPECT_EQ(luma.dims, (std::vector<int64_t>{1, 1, 1, 2}));
  EXPECT_NEAR(valuesOf(luma)[0], 0.299 * 10 + 0.587 * 20 + 0.114 * 30, 1e-9);
  PngOptions options{0.5, {1, 2, 3}, {2}, true};
  EXPECT_EQ(valuesOf(read(nhwc, 4, CAMEO_F32, options)), (std::vector<double>{7, 4, 1, 14.5, 11.5, 8.5}));
  EXPECT_NE(errorOf([&] { read(matrix, 2, CAMEO_F32); }, "E-INPUT").find("rank 3 or 4"), std::string::npos);
}

TEST(Png, IsResizedToTheInput) {
  TemporaryFolder folder;
  std::string path = writePicture(
      folder, 4, 2, {0, 0, 0, 0, 0, 0, 100, 100, 100, 100, 100, 100, 0, 0, 0, 0, 0, 0, 100, 100, 100, 100, 100, 100});
  int64_t smaller[] = {1, 1, 1, 2}, larger[] = {1, 1, 4, 8};
  cameo_value_info info{"image", CAMEO_F32, 4, smaller, nullptr};
  // Pillow: Image.resize((2, 1), BILINEAR) of the same picture gives 14 and 86 (rounded).
  std::vector<double> values = valuesOf(readPng(path, {}, info));
  EXPECT_NEAR(values[0], 14.3, 0.1);
  EXPECT_NEAR(values[1], 85.7, 0.1);
  info.dims = larger;
  values = valuesOf(readPng(path, {}, info));
  EXPECT_NEAR(values[0], 0, 1e-6);
  EXPECT_NEAR(values[3], 25, 1e-3);
  EXPECT_NEAR(values[4], 75, 1e-3);
  EXPECT_NEAR(values[31], 100, 1e-3);
}

TEST(Compare, TolerancesNanAndShapes) {
  TemporaryFolder folder;
  Tensor expected = counting(CAMEO_F32, {2, 2}), found = counting(CAMEO_F32, {2, 2});
  auto *e = reinterpret_cast<float *>(expected.data.get()), *f = reinterpret_cast<float *>(found.data.get());
  writeNpz(folder / "e.npz", {{"y", expected.view()}});
  auto compare = [&] { return compareOutputs({{"y", found.view()}}, folder / "e.npz", 1e-3, 1e-4).front(); };
  EXPECT_TRUE(compare().agrees);
  f[1] = 1.0009f;
  EXPECT_TRUE(compare().agrees);
  f[1] = 1.002f;
  EXPECT_FALSE(compare().agrees);
  EXPECT_NE(compare().text.find("1 of 4 values differ, largest difference 0.002, first at [0, 1]"), std::string::npos)
      << compare().text;
  f[1] = NAN;
  EXPECT_FALSE(compare().agrees);
  e[1] = NAN;
  e[2] = f[2] = INFINITY;
  writeNpz(folder / "e.npz", {{"y", expected.view()}});
  EXPECT_TRUE(compare().agrees);
  f[2] = -INFINITY;
  EXPECT_FALSE(compare().agrees);
  f[2] = 1e30f;
  EXPECT_FALSE(compare().agrees);
  found.dims = {4};
  EXPECT_EQ(compare().text, "shape is 4, expected 2x2");
  EXPECT_EQ(compareOutputs({{"z", found.view()}}, folder / "e.npz", 0, 0).front().text,
            "the program has no such output");
}

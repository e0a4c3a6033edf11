// ImagesTest.cpp - pictures in files: each format that is ours to read by what it says of itself, and damaged files.
#include "../../runtime/images/Images.h"
#include <array>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace {

using Bytes = std::vector<uint8_t>;

Bytes bytesOf(std::string_view text) { return {text.begin(), text.end()}; }

/// "WxH: " and the pixels, or the reason.
std::string decode(const Bytes &file) {
  int64_t height = 0, width = 0;
  std::array<char, 200> reason{};
  if (cameo_image_size(file.data(), file.size(), &height, &width, reason.data(), reason.size()))
    return reason.data();
  if (height * width > 1000)
    return "large";
  Bytes pixels(size_t(height * width * 3));
  if (cameo_image_decode(file.data(), file.size(), pixels.data(), height, width, reason.data(), reason.size()))
    return reason.data();
  std::string text = std::to_string(width) + "x" + std::to_string(height) + ":";
  for (uint8_t value : pixels)
    text += " " + std::to_string(value);
  return text;
}

void put(Bytes &file, uint32_t value, int count) {
  for (int i = 0; i < count; ++i)
    file.push_back(uint8_t(value >> 8 * i));
}

/// Two pixels below two others, rows filled up to four bytes.
Bytes bitmap(int32_t height, uint16_t bits, uint32_t compression, std::vector<uint32_t> behindHeader, Bytes pixels) {
  Bytes file = bytesOf("BM");
  put(file, 0, 8);
  put(file, 54 + 4 * uint32_t(behindHeader.size()), 4);
  put(file, 40, 4);
  put(file, 2, 4);
  put(file, uint32_t(height), 4);
  put(file, 1, 2);
  put(file, bits, 2);
  put(file, compression, 4);
  put(file, 0, 12);
  put(file, bits <= 8 ? uint32_t(behindHeader.size()) : 0, 4);
  put(file, 0, 4);
  for (uint32_t word : behindHeader)
    put(file, word, 4);
  file.insert(file.end(), pixels.begin(), pixels.end());
  return file;
}

// The beginning of 2x1 pixels of 8 bits, grey with opacity.
const Bytes kPng = {137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68,
                    82,  0,  0,  0,  2,  0,  0,  0,  1, 8, 4, 0,  0,  0};

} // namespace

TEST(Images, Bmp) {
  EXPECT_EQ(decode(bitmap(2, 24, 0, {}, {3, 2, 1, 6, 5, 4, 0, 0, 9, 8, 7, 12, 11, 10, 0, 0})),
            "2x2: 7 8 9 10 11 12 1 2 3 4 5 6");
  EXPECT_EQ(decode(bitmap(-2, 24, 0, {}, {3, 2, 1, 6, 5, 4, 0, 0, 9, 8, 7, 12, 11, 10, 0, 0})),
            "2x2: 1 2 3 4 5 6 7 8 9 10 11 12");
  EXPECT_EQ(decode(bitmap(1, 4, 0, {0x010203, 0x040506}, {0x10, 0, 0, 0})), "2x1: 4 5 6 1 2 3");
  EXPECT_EQ(decode(bitmap(1, 4, 0, {0x010203, 0x040506}, {0x12, 0, 0, 0})), "BMP: a pixel has color 2 of 2");
  EXPECT_EQ(decode(bitmap(1, 16, 0, {}, {0x00, 0x7c, 0x1f, 0})), "2x1: 255 0 0 0 0 255");
  EXPECT_EQ(decode(bitmap(1, 16, 3, {0xf800, 0x7e0, 0x1f}, {0xe0, 0x07, 0x00, 0xf8})), "2x1: 0 255 0 255 0 0");
  EXPECT_EQ(decode(bitmap(1, 8, 1, {0, 1}, {0, 0, 0, 0})),
            "BMP: its compression is 1, expected none or masks of colors");
  EXPECT_EQ(decode(bitmap(0, 24, 0, {}, {})), "BMP: it has 2x0 pixels, expected 1 to 2^28");
  EXPECT_EQ(decode(bitmap(2, 24, 0, {}, {3, 2, 1, 6, 5, 4, 0, 0})), "BMP: the file ends within its pixels");
}

TEST(Images, Pnm) {
  EXPECT_EQ(decode(bytesOf("P1 3 1\n01 0")), "3x1: 255 255 255 0 0 0 255 255 255");
  EXPECT_EQ(decode(bytesOf("P2 2 1 4\n1 4")), "2x1: 64 64 64 255 255 255");
  EXPECT_EQ(decode(bytesOf("P3 1 1 255 # a comment 9 \n7 8 9")), "1x1: 7 8 9");
  EXPECT_EQ(decode(bytesOf(std::string_view("P5 1 2 65535\n\x80\x00\xff\xff", 17))), "1x2: 128 128 128 255 255 255");
  EXPECT_EQ(decode(bytesOf("P6 1 1 255\nab")), "PNM: the file ends within its pixels");
  EXPECT_EQ(decode(bytesOf("P6 1 1 70000\nabc")), "PNM: its largest value is 70000, expected 1 to 65535");
  EXPECT_EQ(decode(bytesOf("P6 1 x")), "PNM: a number is missing");
  EXPECT_EQ(decode(bytesOf("P6 999999999 999999999 255\n")),
            "PNM: it has 999999999x999999999 pixels, expected 1 to 2^28");
}

TEST(Images, WhatIsNone) {
  for (std::string_view text : {"", "B", "P9 1 1", "GIF89a"})
    EXPECT_EQ(decode(bytesOf(text)),
              "the picture: it begins like no picture; decoded are BMP, JPEG, JPEG 2000, PNG, PNM, TIFF and WebP");
}

TEST(Images, DamagedFilesAreDecodedOrRefused) {
  std::vector<Bytes> files = {
      bitmap(2, 24, 0, {}, {3, 2, 1, 6, 5, 4, 0, 0, 9, 8, 7, 12, 11, 10, 0, 0}),
      bitmap(1, 4, 0, {0x010203, 0x040506}, {0x10, 0, 0, 0}),
      bitmap(1, 16, 3, {0xf800, 0x7e0, 0x1f}, {0xe0, 0x07, 0x00, 0xf8}),
      bytesOf("P1 3 1\n01 0"),
      bytesOf("P4 9 2\nabcd"),
      bytesOf("P6 1 1 255\nabc"),
      kPng,
      bytesOf(std::string_view("II*\0\x08\0\0\0\x01\0\0\x01\x03\0\x01\0\0\0\x02\0\0\0", 22)),
      bytesOf(std::string_view("RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0", 34)),
      {0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 1, 0, 2, 1, 1, 0x11, 0, 0xff, 0xd9},
      {0xff, 0x4f, 0xff, 0x51, 0, 41, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1}};
  for (const Bytes &file : files) {
    for (size_t size = 0; size < file.size(); ++size)
      EXPECT_FALSE(decode(Bytes(file.begin(), file.begin() + ptrdiff_t(size))).empty());
    for (size_t i = 0; i < file.size(); ++i)
      for (uint8_t value : {0, 1, 127, 128, 255}) {
        Bytes damaged = file;
        damaged[i] = value;
        EXPECT_FALSE(decode(damaged).empty());
      }
  }
}

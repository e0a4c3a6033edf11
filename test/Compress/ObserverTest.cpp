// ObserverTest.cpp - what calibration keeps of activations.
#include "cameo/Compression/Observer.h"
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

using namespace cameo::compression;

TEST(Histogram, CountsWhatIsFinite) {
  Histogram histogram;
  for (float x : {0.0f, -3.0f, 1.5f, 2.0f})
    histogram.add(x);
  EXPECT_EQ(std::accumulate(histogram.counts.begin(), histogram.counts.end(), uint64_t(0)), 4u);
  EXPECT_EQ(histogram.least, -3);
  EXPECT_EQ(histogram.most, 2);
}

/// Calibration refuses what has a bound that is not finite (Calibration::run).
TEST(Histogram, KeepsThatANumberIsNotFinite) {
  for (float bad : {NAN, -NAN, INFINITY, -INFINITY}) {
    Histogram histogram;
    for (float x : {1.0f, bad, -1.0f, 5.0f})
      histogram.add(x);
    EXPECT_FALSE(std::isfinite(histogram.least) && std::isfinite(histogram.most)) << bad;
    EXPECT_EQ(std::accumulate(histogram.counts.begin(), histogram.counts.end(), uint64_t(0)), 3u) << bad;
  }
}

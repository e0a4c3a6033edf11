// MetricTest.cpp - losses and their bounds, on results that are drawn at random, of which the true loss is known from
// many more.
#include "cameo/Compression/Metric.h"
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <random>

using namespace cameo::compression;

namespace {

/// What f32 and a plan make of a sample of one row, and the class that is right.
struct Pair {
  std::vector<float> wanted, found;
  std::optional<int64_t> label;
};
using Draw = std::function<Pair(std::mt19937 &)>;

constexpr int64_t kClasses = 5;

Loss lossOf(MetricKind kind, const std::vector<Pair> &pairs) {
  Reference reference;
  for (const Pair &pair : pairs) {
    reference.results.push_back(pair.wanted);
    reference.rowLengths.push_back(int64_t(pair.wanted.size()));
    reference.labels.push_back(pair.label ? std::vector<int64_t>{*pair.label} : std::vector<int64_t>());
  }
  Metric metric(kind, reference);
  for (size_t i = 0; i < pairs.size(); ++i)
    metric.add(i, pairs[i].found);
  return metric.loss();
}

std::vector<Pair> drawn(const Draw &draw, size_t count, std::mt19937 &random) {
  std::vector<Pair> pairs;
  for (size_t i = 0; i < count; ++i)
    pairs.push_back(draw(random));
  return pairs;
}

/// How often what is told by `samples` samples is no less than the loss of 50,000, and how many times as large it is
/// on average.
struct Told {
  double boundHolds = 0, measuredHolds = 0, boundOverTrue = 0;
};

Told tell(MetricKind kind, const Draw &draw, size_t samples) {
  constexpr int kDraws = 200;
  std::mt19937 random(1);
  double truth = lossOf(kind, drawn(draw, 50000, random)).measured;
  Told told;
  for (int i = 0; i < kDraws; ++i) {
    Loss loss = lossOf(kind, drawn(draw, samples, random));
    EXPECT_GE(loss.bound, loss.measured);
    told.boundHolds += (loss.bound >= truth) / double(kDraws);
    told.measuredHolds += (loss.measured >= truth) / double(kDraws);
    told.boundOverTrue += loss.bound / truth / kDraws;
  }
  return told;
}

/// Of 95 in 100, less what the draws themselves spread; what was measured holds far less often, so that it would fail
/// here.
void expectBound(const Told &told, double most) {
  EXPECT_GE(told.boundHolds, 0.9);
  EXPECT_LE(told.measuredHolds, 0.7);
  EXPECT_LE(told.boundOverTrue, most);
}

/// Logits of which one in 50 or so lies as near to another as the noise is large.
Pair logits(std::mt19937 &random, float noise, bool labelled) {
  std::normal_distribution<float> normal;
  Pair pair;
  for (int64_t i = 0; i < kClasses; ++i) {
    pair.wanted.push_back(4 * normal(random));
    pair.found.push_back(pair.wanted.back() + noise * normal(random));
  }
  if (labelled)
    pair.label = std::uniform_int_distribution<int64_t>(0, kClasses - 1)(random);
  return pair;
}

std::vector<float> softmax(std::vector<float> row) {
  float sum = 0;
  for (float &x : row)
    sum += x = std::exp(x);
  for (float &x : row)
    x /= sum;
  return row;
}

Draw decisions(float noise) {
  return [=](std::mt19937 &random) { return logits(random, noise, false); };
}

TEST(Metric, BoundOfDecisionsHoldsWithFewSamples) {
  Told told = tell(MetricKind::Top1, decisions(0.1f), 60);
  EXPECT_GE(told.boundHolds, 0.85); // eight margins tell how dense they are
  EXPECT_LE(told.measuredHolds, 0.7);
  EXPECT_LE(told.boundOverTrue, 3.5);
}

TEST(Metric, BoundOfDecisionsIsNearWithMany) { expectBound(tell(MetricKind::Top1, decisions(0.1f), 2000), 1.5); }

TEST(Metric, BoundOfDecisionsFollowsTheNoise) {
  std::mt19937 first(3), second(3);
  Loss large = lossOf(MetricKind::Top1, drawn(decisions(0.02f), 60, first)),
       small = lossOf(MetricKind::Top1, drawn(decisions(0.002f), 60, second));
  EXPECT_NEAR(small.bound, large.bound / 10, large.bound / 50);
}

TEST(Metric, MarginsOfProbabilitiesAreThoseOfLogits) {
  std::mt19937 first(2), second(2);
  Draw probabilities = [](std::mt19937 &random) {
    Pair pair = logits(random, 0.1f, false);
    return Pair{softmax(pair.wanted), softmax(pair.found), {}};
  };
  Loss own = lossOf(MetricKind::Top1, drawn(decisions(0.1f), 60, first)),
       other = lossOf(MetricKind::Top1, drawn(probabilities, 60, second));
  EXPECT_NEAR(own.bound, other.bound, 1e-4 * own.bound);
}

/// One number per row, above 0.5 or not: as the two that it stands for.
TEST(Metric, OneNumberIsDecidedAsTwo) {
  std::mt19937 random(4);
  std::vector<Pair> two, one;
  for (int i = 0; i < 500; ++i) {
    Pair pair = logits(random, 0.1f, false);
    pair.wanted.resize(2), pair.found.resize(2);
    two.push_back({softmax(pair.wanted), softmax(pair.found), {}});
    one.push_back({{two.back().wanted[1]}, {two.back().found[1]}, {}});
  }
  EXPECT_NEAR(lossOf(MetricKind::Top1, one).bound, lossOf(MetricKind::Top1, two).bound, 1e-4);
}

TEST(Metric, RowsThatF32DecidesWronglyAreNotLost) {
  std::mt19937 random(5);
  std::vector<Pair> pairs = drawn([](std::mt19937 &r) { return logits(r, 0.1f, true); }, 1000, random);
  Loss loss = lossOf(MetricKind::Top1, pairs);
  EXPECT_LT(loss.bound, 0.01); // a fifth are right, of which a few in a hundred are near
  EXPECT_GT(loss.bound, 0);
}

TEST(Metric, BoundsOfMeansHold) {
  std::normal_distribution<float> normal;
  Draw vectors = [=](std::mt19937 &random) mutable {
    Pair pair;
    float noise = 0.05f * std::abs(normal(random));
    for (int i = 0; i < 32; ++i) {
      pair.wanted.push_back(normal(random));
      pair.found.push_back(pair.wanted.back() + noise * normal(random));
    }
    return pair;
  };
  expectBound(tell(MetricKind::Cosine, vectors, 100), 1.6);
  expectBound(tell(MetricKind::Sqnr, vectors, 100), 1.3);
}

/// A plan that shrinks logits by a tenth surely loses likelihood, on some rows more than on others.
TEST(Metric, BoundOfPerplexityHolds) {
  Draw rows = [](std::mt19937 &random) {
    Pair pair = logits(random, 0, false);
    std::vector<float> shares = softmax(pair.wanted);
    pair.label = std::discrete_distribution<int64_t>(shares.begin(), shares.end())(random);
    for (float &x : pair.found)
      x *= 0.8f;
    return pair;
  };
  expectBound(tell(MetricKind::Ppl, rows, 2000), 2.5);
}

TEST(Metric, NothingIsLostWhereNothingChanges) {
  std::mt19937 random(6);
  std::vector<Pair> pairs = drawn([](std::mt19937 &r) { return logits(r, 0, true); }, 20, random);
  for (MetricKind kind : {MetricKind::Top1, MetricKind::Sqnr, MetricKind::Ppl}) {
    EXPECT_EQ(lossOf(kind, pairs).measured, 0);
    EXPECT_EQ(lossOf(kind, pairs).bound, 0);
  }
  EXPECT_NEAR(lossOf(MetricKind::Cosine, pairs).bound, 0, 1e-12);
}

TEST(Metric, WhatIsNoNumberIsInfinitelyBad) {
  std::mt19937 random(7);
  std::vector<Pair> pairs = drawn([](std::mt19937 &r) { return logits(r, 0, true); }, 20, random);
  pairs[9].found[0] = NAN;
  for (MetricKind kind : {MetricKind::Top1, MetricKind::Cosine, MetricKind::Sqnr, MetricKind::Ppl})
    EXPECT_EQ(lossOf(kind, pairs).bound, INFINITY);
}

TEST(Metric, OtherSizesAreInfinitelyBad) {
  std::mt19937 random(7);
  std::vector<Pair> pairs = drawn([](std::mt19937 &r) { return logits(r, 0, true); }, 20, random);
  pairs[9].found.resize(2 * kClasses);
  for (MetricKind kind : {MetricKind::Top1, MetricKind::Cosine, MetricKind::Sqnr, MetricKind::Ppl})
    EXPECT_EQ(lossOf(kind, pairs).bound, INFINITY);
}

TEST(Metric, DecisionsBetweenInfinitiesAreNone) {
  Pair pair{{INFINITY, INFINITY, 0}, {INFINITY, INFINITY, 0}, {}};
  EXPECT_EQ(lossOf(MetricKind::Top1, {pair, pair}).bound, INFINITY);
}

} // namespace

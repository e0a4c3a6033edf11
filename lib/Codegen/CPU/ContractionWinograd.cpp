// ContractionWinograd.cpp - see ContractionWinograd.h.
#include "ContractionWinograd.h"
#include "ContractionBuilder.h"
#include <algorithm>

using namespace mlir;
using namespace cameo::codegen;

namespace {

/// A small constant matrix.
struct Matrix {
  int64_t rows, columns;
  ArrayRef<double> values;
  double at(int64_t row, int64_t column) const { return values[row * columns + column]; }
};

// The points are 0, 1, -1, infinity and, for m = 4, 2 and -2. Rows of B^T and columns of A^T for p and -p have the same
// even and opposite odd terms, so both are a sparser matrix with sums and differences of neighbours behind or before
// it.
constexpr double kInput2[] = {1, 0, -1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, -1};
constexpr double kOutput2[] = {1, 1, 0, 0, 0, 0, 1, -1};
constexpr double kFilter2[] = {1, 0, 0, .5, .5, .5, .5, -.5, .5, 0, 0, 1};
constexpr double kInput4[] = {4, 0, -5, 0, 1, 0, 0, 0,  -4, 0, 1, 0, 0, -4, 0, 1,  0, 0,
                              0, 0, -1, 0, 1, 0, 0, -2, 0,  2, 0, 0, 0, 4,  0, -5, 0, 1};
constexpr double kOutput4[] = {1, 1, 0, 1, 0, 0, 0, 0, 1, 0, 2, 0, 0, 1, 0, 4, 0, 0, 0, 0, 1, 0, 8, 1};
constexpr double kFilter4[] = {1. / 4,  0,       0,      -1. / 6, -1. / 6,  -1. / 6, -1. / 6, 1. / 6, -1. / 6,
                               1. / 24, 1. / 12, 1. / 6, 1. / 24, -1. / 12, 1. / 6,  0,       0,      1};

Matrix filterMatrix(int64_t m) { return m == 2 ? Matrix{4, 3, kFilter2} : Matrix{6, 3, kFilter4}; }

/// (x1 + x2, x1 - x2), and the same of x3 and x4 where there are six.
SmallVector<Value> sumsAndDifferences(Emit &e, SmallVector<Value> x) {
  for (size_t i = 1; i + 2 < x.size(); i += 2) {
    Value sum = arith::AddFOp::create(e.b, e.loc, x[i], x[i + 1]);
    x[i + 1] = arith::SubFOp::create(e.b, e.loc, x[i], x[i + 1]);
    x[i] = sum;
  }
  return x;
}

/// matrix * x for vectors. The first term with factor 1, where there is one, starts a sum.
SmallVector<Value> multiply(Emit &e, const Matrix &matrix, ArrayRef<Value> x) {
  auto splat = [&](double c) -> Value {
    auto type = cast<VectorType>(x[0].getType());
    return arith::ConstantOp::create(e.b, e.loc, DenseElementsAttr::get(type, static_cast<float>(c)));
  };
  SmallVector<Value> result;
  for (int64_t row = 0; row < matrix.rows; ++row) {
    Value sum;
    for (bool units : {true, false})
      for (int64_t column = 0; column < matrix.columns; ++column) {
        double c = matrix.at(row, column);
        if (c == 0 || (c == 1) != units)
          continue;
        if (!sum)
          sum = units ? x[column] : Value(arith::MulFOp::create(e.b, e.loc, x[column], splat(c)));
        else if (units)
          sum = arith::AddFOp::create(e.b, e.loc, sum, x[column]);
        else if (c == -1)
          sum = arith::SubFOp::create(e.b, e.loc, sum, x[column]);
        else
          sum = vector::FMAOp::create(e.b, e.loc, x[column], splat(c), sum);
      }
    result.push_back(sum);
  }
  return result;
}

/// B^T x.
SmallVector<Value> transformInputLine(Emit &e, ArrayRef<Value> x) {
  Matrix matrix = x.size() == 4 ? Matrix{4, 4, kInput2} : Matrix{6, 6, kInput4};
  return sumsAndDifferences(e, multiply(e, matrix, x));
}
/// A^T x.
SmallVector<Value> transformOutputLine(Emit &e, ArrayRef<Value> x) {
  Matrix matrix = x.size() == 4 ? Matrix{2, 4, kOutput2} : Matrix{4, 6, kOutput4};
  return multiply(e, matrix, sumsAndDifferences(e, SmallVector<Value>(x)));
}

/// `line` on each column of a square of vectors, then on each row of what that gives; row-major.
SmallVector<Value> applyBothWays(Emit &e, ArrayRef<Value> square, int64_t size,
                                 SmallVector<Value> (*line)(Emit &, ArrayRef<Value>)) {
  SmallVector<SmallVector<Value>> columns;
  for (int64_t column = 0; column < size; ++column) {
    SmallVector<Value> values;
    for (int64_t row = 0; row < size; ++row)
      values.push_back(square[row * size + column]);
    columns.push_back(line(e, values));
  }
  SmallVector<Value> result;
  for (size_t row = 0; row < columns[0].size(); ++row)
    llvm::append_range(result, line(e, llvm::map_to_vector(columns, [&](auto &column) { return column[row]; })));
  return result;
}

class Winograd {
public:
  Winograd(Emit &e, const ConvolutionSpec &spec, const WinogradPlan &plan, Value scratch)
      : e(e), spec(spec), plan(plan), m(spec.tile.winograd), a(m + 2), positions(a * a), blockTiles(spec.tile.mBlock),
        scratch(scratch), tilesY(e.ceilDiv(e.value(spec.outHeight), m)), tilesX(e.ceilDiv(e.value(spec.outWidth), m)),
        tiles(e.mul(e.mul(e.value(e.times(spec.n, spec.outDepth)), tilesY), tilesX)),
        blocks(e.ceilDiv(tiles, blockTiles)),
        lineBytes(e.times(spec.inWidth, spec.inChannels * elementBytes(spec.inputType))) {}

  void emitStep(Value step) {
    input = e.offset(scratch, e.mul(step, plan.scratchElements * 4));
    products = e.offset(input, plan.inputElements * 4);
    Value panels = e.number(panelCount(spec.tile, spec.outChannels)), groups = e.number(plan.groups);
    Value shares = e.min(blocks, e.number(plan.mostShares));
    Value group = e.rem(step, groups), share = e.div(step, groups);
    auto part = [&](Value index, Value count, Value parts) { return e.div(e.mul(index, count), parts); };
    Value firstPanel = part(group, panels, groups), lastPanel = part(e.add(group, 1), panels, groups);
    Value first = part(share, blocks, shares), last = part(e.add(share, 1), blocks, shares);
    e.loop(first, last, 1, [&](Value block) { emitBlock(e.mul(block, blockTiles), firstPanel, lastPanel); });
  }

private:
  void emitBlock(Value firstTile, Value firstPanel, Value lastPanel) {
    // Blocks are whole where the number of tiles is known: places for tiles that do not exist repeat the last one.
    rows =
        getConstantIntValue(tiles) ? Extent(blockTiles) : Extent(e.min(e.sub(tiles, firstTile), e.number(blockTiles)));
    e.loop(e.number(0), e.value(rows), 1, [&](Value t) { transformInput(firstTile, t); });
    int64_t whole = spec.outChannels / spec.tile.nr, rest = spec.outChannels % spec.tile.nr;
    Value limit = rest ? e.min(lastPanel, e.number(whole)) : lastPanel;
    e.loop(firstPanel, limit, 1, [&](Value panel) { emitPanel(firstTile, panel, spec.tile.nr); });
    if (rest)
      e.when(e.compare(Emit::Pred::sgt, lastPanel, e.number(whole)),
             [&] { emitPanel(firstTile, e.number(whole), rest); });
  }

  void emitPanel(Value firstTile, Value panel, int64_t columns) {
    multiplyPositions(panel, columns);
    Value count = e.min(e.sub(tiles, firstTile), e.number(blockTiles));
    e.loop(e.number(0), count, 1, [&](Value t) { transformOutput(panel, columns, t, e.add(firstTile, t)); });
  }

  struct Place {
    Value plane, y, x; ///< planes of all images; y and x count tiles
  };
  Place placeOf(Value tile) {
    Value line = e.div(tile, tilesX);
    return {e.div(line, tilesY), e.rem(line, tilesY), e.rem(tile, tilesX)};
  }

  /// Whole vectors of `count` channels, then one with a mask.
  void forVectors(int64_t count, llvm::function_ref<void(Value first, Value mask)> body) {
    int64_t lanes = spec.tile.lanes, whole = count / lanes * lanes;
    e.loop(e.number(0), e.number(whole), lanes, [&](Value first) { body(first, Value()); });
    if (whole < count)
      body(e.number(whole), e.mask(lanes, e.number(whole), e.number(count)));
  }

  void transformInput(Value firstTile, Value t) {
    Value tile = e.add(firstTile, t), depth = e.value(spec.outDepth);
    Place at = placeOf(rows.isStatic() ? e.min(tile, e.add(tiles, -1)) : tile);
    Value image = e.div(at.plane, depth), z0 = e.add(e.mul(e.rem(at.plane, depth), spec.strideDepth), -spec.padFront);
    Value to = e.offset(input, e.mul(t, plan.lhsRow * 4));
    e.loop(e.number(0), e.number(spec.kernelDepth), 1, [&](Value tapZ) {
      Value z = e.add(z0, e.mul(tapZ, spec.dilationDepth));
      transformPlane(e.add(e.mul(image, spec.inDepth), z), e.compare(Emit::Pred::ult, z, e.value(spec.inDepth)), at,
                     e.offset(to, e.mul(tapZ, spec.inChannels * 4)));
    });
  }

  /// The window of a tile in one plane of the input, which may lie outside the image.
  void transformPlane(Value plane, Value planeExists, const Place &at, Value to) {
    Value y0 = e.add(e.mul(at.y, m), -spec.padTop), x0 = e.add(e.mul(at.x, m), -spec.padLeft);
    Value first = e.add(e.mul(e.add(e.mul(plane, spec.inHeight), y0), spec.inWidth), x0);
    int64_t pixelBytes = spec.inChannels * elementBytes(spec.inputType);
    Value base = e.offset(spec.input, e.mul(first, pixelBytes));
    Value height = e.value(spec.inHeight), width = e.value(spec.inWidth);
    auto pixelAt = [&](int64_t i, int64_t j) {
      return e.offset(e.offset(base, e.times(lineBytes, i)), j * pixelBytes);
    };
    auto lies = [&](Value from, Value size) { // all of the window does
      return e.both(e.compare(Emit::Pred::sge, from, e.number(0)), e.compare(Emit::Pred::sle, e.add(from, a), size));
    };
    e.when(
        e.both(planeExists, e.both(lies(y0, height), lies(x0, width))), [&] { transformWindow(to, pixelAt); },
        [&] {
          SmallVector<Value> pixels;
          for (int64_t i = 0; i < a; ++i) {
            Value exists = e.both(planeExists, e.compare(Emit::Pred::ult, e.add(y0, i), height));
            for (int64_t j = 0; j < a; ++j) {
              Value inside = e.both(exists, e.compare(Emit::Pred::ult, e.add(x0, j), width));
              pixels.push_back(e.select(inside, pixelAt(i, j), spec.zeros));
            }
          }
          transformWindow(to, [&](int64_t i, int64_t j) { return pixels[i * a + j]; });
        });
  }

  /// Vectors overhang the channels of a plane; what they spill over is the next one's, written later, or room.
  void transformWindow(Value to, llvm::function_ref<Value(int64_t, int64_t)> pixel) {
    int64_t lanes = spec.tile.lanes;
    forVectors(spec.inChannels, [&](Value channel, Value mask) {
      Value bytes = e.mul(channel, elementBytes(spec.inputType));
      SmallVector<Value> window;
      for (int64_t i = 0; i < a; ++i)
        for (int64_t j = 0; j < a; ++j)
          window.push_back(emitLoad(e.b, e.loc, spec.inputType, e.offset(pixel(i, j), bytes), lanes, mask));
      Value at = e.offset(to, e.mul(channel, 4));
      for (auto [position, value] : llvm::enumerate(applyBothWays(e, window, a, transformInputLine)))
        emitStore(e.b, e.loc, Type(), value, e.offset(at, int64_t(position) * blockTiles * plan.lhsRow * 4));
    });
  }

  /// The a * a products of one panel.
  void multiplyPositions(Value panel, int64_t columns) {
    int64_t k = spec.kernelDepth * spec.inChannels, width = panelWidth(spec.tile, columns, 0);
    ContractionSpec s;
    s.tile = spec.tile;
    s.tile.winograd = 0;
    s.target = spec.target;
    s.batch = positions;
    s.m = rows;
    s.n = width;
    s.k = k;
    s.lhs = input;
    s.lhsRowStride = plan.lhsRow;
    s.lhsBatchStride = blockTiles * plan.lhsRow;
    s.rhs = e.offset(spec.weights, e.mul(panel, positions * k * spec.tile.nr * 4));
    s.rhsBatchStride = k * width;
    s.result = products;
    s.resultRowStride = spec.tile.nr;
    s.resultBatchStride = blockTiles * spec.tile.nr;
    emitContraction(e.b, e.loc, s, e.number(0), e.number(positions));
  }

  void transformOutput(Value panel, int64_t columns, Value t, Value tile) {
    Place at = placeOf(tile);
    int64_t lanes = spec.tile.lanes, nr = spec.tile.nr;
    Value from = e.offset(products, e.mul(t, nr * 4));
    Value y0 = e.mul(at.y, m), x0 = e.mul(at.x, m);
    auto isWhole = [&](const Extent &size) { return size.isStatic() && size.fixed % m == 0; };
    bool wholeTiles = isWhole(spec.outHeight) && isWhole(spec.outWidth);
    forVectors(columns, [&](Value column, Value mask) {
      Value source = e.offset(from, e.mul(column, 4));
      SmallVector<Value> sums;
      for (int64_t position = 0; position < positions; ++position)
        sums.push_back(emitLoad(e.b, e.loc, Type(), e.offset(source, position * blockTiles * nr * 4), lanes));
      SmallVector<Value> outputs = applyBothWays(e, sums, a, transformOutputLine);
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < m; ++j) {
          Value y = e.add(y0, i), x = e.add(x0, j);
          Value row = e.add(e.mul(e.add(e.mul(at.plane, spec.outHeight), y), spec.outWidth), x);
          TilePosition position{Value(), row, e.add(e.mul(panel, nr), column), lanes, mask};
          auto store = [&] { spec.store(e.b, e.loc, outputs[i * m + j], position); };
          if (wholeTiles)
            store();
          else
            e.when(e.both(e.compare(Emit::Pred::slt, y, e.value(spec.outHeight)),
                          e.compare(Emit::Pred::slt, x, e.value(spec.outWidth))),
                   store);
        }
    });
  }

  Emit &e;
  const ConvolutionSpec &spec;
  const WinogradPlan &plan;
  int64_t m, a, positions, blockTiles;
  Value scratch;
  Value tilesY, tilesX; ///< of a plane
  Value tiles, blocks;  ///< of all images
  Extent lineBytes;
  Value input, products; ///< of the step
  Extent rows;           ///< of the block, in its products
};

} // namespace

std::optional<ContractionShape::Images> cameo::codegen::winogradImages(const ConvolutionSpec &spec) {
  bool isSquare = spec.kernelHeight == 3 && spec.kernelWidth == 3 && spec.strideHeight == 1 && spec.strideWidth == 1 &&
                  spec.dilationHeight == 1 && spec.dilationWidth == 1 && spec.groups == 1;
  if (!isSquare || spec.bytes)
    return std::nullopt;
  for (int64_t size : {spec.n.fixed, spec.outDepth.fixed, spec.outHeight.fixed, spec.outWidth.fixed, spec.inChannels,
                       spec.outChannels})
    if (size == 0)
      return std::nullopt;
  bool isCounted = spec.n.isStatic() && spec.outDepth.isStatic();
  return ContractionShape::Images{isCounted ? spec.n.fixed * spec.outDepth.fixed : kDynamicExtent, spec.outHeight.fixed,
                                  spec.outWidth.fixed, spec.inChannels, spec.kernelDepth};
}

void cameo::codegen::packWinogradWeights(const float *source, int64_t outputs, int64_t channels, int64_t planes,
                                         const ContractionTile &tile, float *packed) {
  Matrix g = filterMatrix(tile.winograd);
  int64_t a = g.rows, k = planes * channels;
  std::fill(packed, packed + a * a * packedRhsElements(tile, k, outputs), 0.0f);
  auto transform = [&](const float *filter, float *to, int64_t stride) {
    auto product = [&](int64_t row, const double *x, int64_t step) {
      return g.at(row, 0) * x[0] + g.at(row, 1) * x[step] + g.at(row, 2) * x[2 * step];
    };
    double taps[9], half[6][3];
    std::copy(filter, filter + 9, taps);
    for (int64_t row = 0; row < a; ++row)
      for (int64_t column = 0; column < 3; ++column)
        half[row][column] = product(row, taps + column, 3);
    for (int64_t row = 0; row < a; ++row)
      for (int64_t column = 0; column < a; ++column)
        to[(row * a + column) * stride] = static_cast<float>(product(column, half[row], 1));
  };
  for (int64_t output = 0; output < outputs; ++output) {
    int64_t panel = output / tile.nr, width = panelWidth(tile, outputs, panel);
    float *to = packed + panel * a * a * tile.nr * k + output % tile.nr;
    for (int64_t channel = 0; channel < channels; ++channel)
      for (int64_t plane = 0; plane < planes; ++plane)
        transform(source + ((output * channels + channel) * planes + plane) * 9,
                  to + (plane * channels + channel) * width, k * width);
  }
}

void cameo::codegen::emitWinograd(OpBuilder &b, Location loc, const ConvolutionSpec &spec, const WinogradPlan &plan,
                                  Value scratch, Value begin, Value end) {
  Emit e(b, loc);
  Winograd winograd(e, spec, plan, scratch);
  e.loop(begin, end, 1, [&](Value step) { winograd.emitStep(step); });
}

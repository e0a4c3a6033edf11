// ContractionConvolution.cpp - NHWC convolutions as contractions whose rows of A are windows of the image (implicit
// im2col).
//
// Row m is output pixel (image, y, x), K runs over (tap row, tap column, channel). A tile has one pointer per row; for
// each tap the row's run of channels is either in the image or, by a select, the row of zeros. Where all windows of a
// tile lie inside the image the taps of one kernel row are one run of kernelWidth * channels elements, without selects.
#include "ContractionArithmetic.h"

using namespace mlir;
using namespace cameo::codegen;

namespace {

/// Runs of channels shorter than this make a second version of the tile worth its code.
constexpr int64_t kShortRun = 64;
/// Pixels of an image from which on a tile is made for one image where their number is unknown; of smaller ones there
/// must be many to matter.
constexpr int64_t kTellingPixels = 32;
/// Most stack that the windows of a border tile may take.
constexpr int64_t kMaxWindowBytes = 32 << 10;

bool isPadded(const ConvolutionSpec &spec) {
  return spec.padTop > 0 || spec.padLeft > 0 || spec.padBottom > 0 || spec.padRight > 0;
}
bool hasContiguousTaps(const ConvolutionSpec &spec) {
  return spec.groups == 1 && spec.dilationWidth == 1 && spec.kernelWidth > 1;
}
int64_t windowElements(const ConvolutionSpec &spec) {
  return spec.kernelHeight * spec.kernelWidth * spec.inChannels / spec.groups;
}
/// Size of an element in the copy of a window.
int64_t copiedBytes(const ConvolutionSpec &spec) { return spec.bytes ? 1 : spec.bf16Dots ? 2 : 4; }
/// Elements of K in one step.
int64_t stepElements(const ConvolutionSpec &spec) {
  return spec.bytes ? spec.bytes->stepElements() : spec.bf16Dots ? 2 : 1;
}
/// Rows of a tile that windows are copied for, if it has no more.
constexpr int64_t kCopiedRows = 8;

/// Bytes that copies of `rows` windows take; vectors overhang.
int64_t copiesOf(const ConvolutionSpec &spec, int64_t rows) {
  return (rows * windowElements(spec) + spec.target.lanes()) * copiedBytes(spec);
}
/// Whether the windows of tiles at the border are copied; otherwise their taps are read one by one.
bool copiesWindows(const ConvolutionSpec &spec) {
  return hasContiguousTaps(spec) && spec.inChannels / spec.groups < kShortRun &&
         copiesOf(spec, kCopiedRows) <= kMaxWindowBytes;
}

class WindowRows final : public LhsRows {
public:
  WindowRows(const ConvolutionSpec &spec)
      : spec(spec), elementSize(elementBytes(spec.inputType)), groupChannels(spec.inChannels / spec.groups) {}

  SmallVector<Value> accumulate(Emit &e, const MicroKernel &kernel, const TileRows &tile, ValueRange state) override {
    SmallVector<Window> windows = windowsOf(e, kernel.rows, tile);
    if (!isPadded(spec))
      return accumulateInside(e, kernel, windows, state);
    if (!copiesWindows(spec))
      return accumulateAnywhere(e, kernel, windows, state);
    return e.choose(
        allInside(e, windows), state.getTypes(), [&] { return accumulateInside(e, kernel, windows, state); },
        [&] { return accumulateCopies(e, kernel, windows, state); });
  }

private:
  struct Window {
    Value pointer; ///< element (y, x, 0); outside the buffer where the window starts in the padding
    Value y, x;    ///< first row and column of the window, negative in the padding
  };

  SmallVector<Window> windowsOf(Emit &e, int64_t rows, const TileRows &tile) {
    Value width = e.value(spec.outWidth), height = e.value(spec.outHeight);
    SmallVector<Window> windows;
    Value image, y, x;
    for (int64_t row = 0; row < rows; ++row) {
      if (row == 0 || tile.last) {
        Value pixel = e.add(tile.m, row);
        if (tile.last)
          pixel = e.min(pixel, tile.last);
        Value line = e.div(pixel, width);
        x = e.rem(pixel, width);
        y = e.rem(line, height);
        image = e.div(line, height);
      } else {
        x = e.add(x, 1);
        Value wraps = e.compare(Emit::Pred::eq, x, width);
        x = e.select(wraps, e.number(0), x);
        y = e.add(y, e.widen(wraps));
        wraps = e.compare(Emit::Pred::eq, y, height);
        y = e.select(wraps, e.number(0), y);
        image = e.add(image, e.widen(wraps));
      }
      Window window;
      window.y = e.add(e.mul(y, spec.strideHeight), -spec.padTop);
      window.x = e.add(e.mul(x, spec.strideWidth), -spec.padLeft);
      Value at = e.add(e.mul(image, spec.inHeight), window.y);
      at = e.add(e.mul(at, spec.inWidth), window.x);
      window.pointer = e.offset(tile.lhs, e.mul(at, spec.inChannels * elementSize));
      windows.push_back(window);
    }
    return windows;
  }

  /// Whether every tap of every window lies in the image.
  Value allInside(Emit &e, ArrayRef<Window> windows) {
    Value lastY = e.add(e.value(spec.inHeight), -((spec.kernelHeight - 1) * spec.dilationHeight + 1));
    Value lastX = e.add(e.value(spec.inWidth), -((spec.kernelWidth - 1) * spec.dilationWidth + 1));
    Value inside;
    auto require = [&](Value condition) { inside = inside ? e.both(inside, condition) : condition; };
    for (const Window &window : windows) {
      require(e.compare(Emit::Pred::sge, window.y, e.number(0)));
      require(e.compare(Emit::Pred::sle, window.y, lastY));
      require(e.compare(Emit::Pred::sge, window.x, e.number(0)));
      require(e.compare(Emit::Pred::sle, window.x, lastX));
    }
    return inside;
  }

  SmallVector<Value> run(Emit &e, const MicroKernel &kernel, ArrayRef<RowPointer> rows, int64_t length,
                         ValueRange state) {
    return emitRun(e, kernel, rows, elementSize, length, state);
  }

  SmallVector<Value> accumulateInside(Emit &e, const MicroKernel &kernel, ArrayRef<Window> windows, ValueRange state) {
    Extent lineBytes = e.times(spec.inWidth, spec.inChannels * spec.dilationHeight * elementSize);
    int64_t tapBytes = spec.dilationWidth * spec.inChannels * elementSize;
    int64_t length = convolutionRun(spec), runs = spec.kernelWidth * groupChannels / length;
    return e.loop(e.number(0), e.number(spec.kernelHeight), 1, state, [&](Value tapY, ValueRange carried) {
      Value line = e.mul(tapY, lineBytes);
      return e.loop(e.number(0), e.number(runs), 1, carried, [&](Value tapX, ValueRange carried) {
        Value distance = e.add(line, e.mul(tapX, tapBytes));
        SmallVector<RowPointer> rows;
        for (const Window &window : windows)
          rows.push_back({e.offset(window.pointer, distance)});
        return run(e, kernel, rows, length, carried);
      });
    });
  }

  /// Copies the windows to the stack as they are, or as rows of f32, then reads them there.
  SmallVector<Value> accumulateCopies(Emit &e, const MicroKernel &kernel, ArrayRef<Window> windows, ValueRange state) {
    int64_t size = copiedBytes(spec), windowBytes = windowElements(spec) * size;
    if (copiesBytes < copiesOf(spec, kernel.rows)) {
      copiesBytes = copiesOf(spec, kernel.rows);
      copies = e.stack(copiesBytes);
    }
    bool copiesBits = spec.bytes || spec.bf16Dots;
    VectorType bits = VectorType::get({spec.target.lanes()}, e.b.getIntegerType(8 * size));
    Value outside; // what an element outside the image is
    if (spec.bytes) {
      Value byte = arith::TruncIOp::create(e.b, e.loc, e.b.getI8Type(), spec.bytes->lhsZero);
      outside = vector::BroadcastOp::create(e.b, e.loc, bits, byte);
    } else if (copiesBits) {
      outside = arith::ConstantOp::create(e.b, e.loc, e.b.getZeroAttr(bits));
    }
    int64_t lanes = spec.target.lanes(), run = spec.kernelWidth * groupChannels;
    Extent lineBytes = e.times(spec.inWidth, spec.inChannels * spec.dilationHeight * elementSize);
    Value zero = e.number(0), kernelWidth = e.number(spec.kernelWidth);
    SmallVector<RowPointer> rows;
    // Vectors overhang the end of a run; what they spill over is written later. Hence the order, and the room at the
    // end.
    for (auto [row, window] : llvm::enumerate(windows)) {
      rows.push_back({copies, static_cast<int64_t>(row) * windowBytes});
      Value first = e.mul(e.min(e.max(e.sub(zero, window.x), zero), kernelWidth), groupChannels);
      Value limit = e.min(e.max(e.sub(e.value(spec.inWidth), window.x), zero), kernelWidth);
      limit = e.mul(limit, groupChannels);
      e.loop(zero, e.number(spec.kernelHeight), 1, [&, &window = window](Value tapY) {
        Value exists =
            e.compare(Emit::Pred::ult, e.add(window.y, e.mul(tapY, spec.dilationHeight)), e.value(spec.inHeight));
        Value end = e.select(exists, limit, zero);
        Value from = e.offset(window.pointer, e.mul(tapY, lineBytes));
        Value to = e.offset(e.offset(copies, rows.back().bytes), e.mul(tapY, run * size));
        for (int64_t at = 0; at < run; at += lanes) {
          Value mask = e.mask(lanes, e.number(at), first, end);
          Value source = e.offset(from, at * elementSize), target = e.offset(to, at * size);
          if (copiesBits) {
            Value copy = LLVM::MaskedLoadOp::create(e.b, e.loc, bits, source, mask, outside, size);
            LLVM::StoreOp::create(e.b, e.loc, copy, target, size);
          } else {
            emitStore(e.b, e.loc, Type(), emitLoad(e.b, e.loc, spec.inputType, source, lanes, mask), target);
          }
        }
      });
    }
    if (!copiesBits) {
      MicroKernel reading = kernel;
      reading.lhsType = Type();
      return emitRun(e, reading, rows, 4, windowElements(spec), state);
    }
    // As the image is read: each run begins with a new step.
    int64_t length = convolutionRun(spec);
    return e.loop(e.number(0), e.number(windowElements(spec) / length), 1, state, [&](Value index, ValueRange carried) {
      SmallVector<RowPointer> shifted;
      Value base = e.offset(copies, e.mul(index, length * size));
      for (const RowPointer &row : rows)
        shifted.push_back({base, row.bytes});
      return this->run(e, kernel, shifted, length, carried);
    });
  }

  SmallVector<Value> accumulateAnywhere(Emit &e, const MicroKernel &kernel, ArrayRef<Window> windows,
                                        ValueRange state) {
    Value height = e.value(spec.inHeight), width = e.value(spec.inWidth);
    Extent lineBytes = e.times(spec.inWidth, spec.inChannels * spec.dilationHeight * elementSize);
    int64_t tapBytes = spec.dilationWidth * spec.inChannels * elementSize;
    return e.loop(e.number(0), e.number(spec.kernelHeight), 1, state, [&](Value tapY, ValueRange carried) {
      Value line = e.mul(tapY, lineBytes), tapLine = e.mul(tapY, spec.dilationHeight);
      SmallVector<Value> lineExists;
      for (const Window &window : windows)
        lineExists.push_back(e.compare(Emit::Pred::ult, e.add(window.y, tapLine), height));
      return e.loop(e.number(0), e.number(spec.kernelWidth), 1, carried, [&](Value tapX, ValueRange carried) {
        Value distance = e.add(line, e.mul(tapX, tapBytes)), tapColumn = e.mul(tapX, spec.dilationWidth);
        SmallVector<RowPointer> rows;
        for (auto [window, exists] : llvm::zip_equal(windows, lineExists)) {
          // One unsigned comparison: a column left of the image is a huge number.
          Value inside = e.both(exists, e.compare(Emit::Pred::ult, e.add(window.x, tapColumn), width));
          rows.push_back({e.select(inside, e.offset(window.pointer, distance), spec.zeros)});
        }
        return run(e, kernel, rows, groupChannels, carried);
      });
    });
  }

  const ConvolutionSpec &spec;
  int64_t elementSize, groupChannels;
  Value copies; ///< on the stack, shared by all tiles that need no more
  int64_t copiesBytes = 0;
};

/// Rows of a panel of weights.
int64_t panelRowsOf(const ConvolutionSpec &spec) {
  int64_t k = windowElements(spec), run = convolutionRun(spec);
  return spec.bytes ? spec.bytes->panelRows(k / run, run) : k / run * llvm::divideCeil(run, stepElements(spec));
}

/// A convolution whose rows of A are the image's pixels themselves.
bool isPlainContraction(const ConvolutionSpec &spec) {
  return spec.kernelHeight == 1 && spec.kernelWidth == 1 && spec.strideHeight == 1 && spec.strideWidth == 1 &&
         spec.padTop == 0 && spec.padLeft == 0 && spec.padBottom == 0 && spec.padRight == 0;
}

Extent pixelsOf(Emit &e, const ConvolutionSpec &spec) {
  return e.times(e.times(spec.n, spec.outHeight), spec.outWidth);
}

ContractionLoops loopsOf(Emit &e, const ConvolutionSpec &spec) {
  ContractionLoops loops;
  int64_t groupIn = spec.inChannels / spec.groups, groupOut = spec.outChannels / spec.groups;
  loops.tile = spec.tile;
  loops.target = spec.target;
  loops.batch = spec.groups;
  loops.m = pixelsOf(e, spec);
  loops.n = groupOut;
  loops.arithmetic = spec.bytes ? byteArithmetic(*spec.bytes) : spec.bf16Dots ? bf16Arithmetic() : floatArithmetic();
  loops.panelRows = panelRowsOf(spec);
  loops.resultRowStride = spec.outChannels;
  loops.lhsType = spec.inputType;
  loops.resultType = spec.resultType;
  loops.epilogue = spec.epilogue;
  loops.store = spec.store;
  int64_t groupWeights = packedRhsElements(spec.tile, loops.panelRows.fixed, groupOut);
  loops.batchAt = [&spec, groupIn, groupOut, groupWeights](Emit &e, Value group) -> ContractionLoops::Batch {
    if (!group)
      return {spec.input, spec.weights, spec.result, e.number(0)};
    auto move = [&](Value pointer, int64_t bytes) {
      return pointer ? e.offset(pointer, e.mul(group, bytes)) : pointer;
    };
    return {move(spec.input, groupIn * elementBytes(spec.inputType)), move(spec.weights, groupWeights * 4),
            move(spec.result, groupOut * elementBytes(spec.resultType)), e.mul(group, groupOut)};
  };
  return loops;
}

} // namespace

int64_t cameo::codegen::convolutionRun(const ConvolutionSpec &spec) {
  int64_t channels = spec.inChannels / spec.groups;
  // Taps that do not fill their last step are joined where the border can be read the same way.
  bool joins = channels % stepElements(spec) == 0 || !isPadded(spec) || copiesWindows(spec);
  return hasContiguousTaps(spec) && joins ? channels * spec.kernelWidth : channels;
}

ContractionShape cameo::codegen::shapeOf(const ConvolutionSpec &spec) {
  ContractionShape shape;
  bool isSized = spec.outHeight.isStatic() && spec.outWidth.isStatic(), known = isSized && spec.n.isStatic();
  int64_t pixels = isSized ? spec.outHeight.fixed * spec.outWidth.fixed : 0;
  shape.m = known ? spec.n.fixed * pixels : kDynamicExtent;
  shape.mFactor = pixels < kTellingPixels ? 0 : pixels;
  shape.n = spec.outChannels / spec.groups;
  shape.k = panelRowsOf(spec);
  shape.batch = spec.groups;
  shape.lhsRowBytes = spec.inChannels * spec.strideWidth * elementBytes(spec.inputType);
  shape.widensLhs = spec.bytes ? spec.bytes->widensLhs() : elementBytes(spec.inputType) < 4 && !spec.bf16Dots;
  shape.sumsRows = spec.bytes && spec.bytes->rhsHasZero;
  // The tail of an unknown number of pixels has a pointer per row, too.
  shape.indirectRows = !known || !isPlainContraction(spec);
  return shape;
}

Value cameo::codegen::emitConvolutionSteps(OpBuilder &b, Location loc, const ConvolutionSpec &spec) {
  Emit e(b, loc);
  return loopsOf(e, spec).steps(e);
}

void cameo::codegen::emitConvolution(OpBuilder &b, Location loc, const ConvolutionSpec &spec, Value begin, Value end) {
  Emit e(b, loc);
  ContractionLoops loops = loopsOf(e, spec);
  if (isPlainContraction(spec)) {
    int64_t bytes = elementBytes(spec.inputType);
    StridedRows rows(spec.inChannels * bytes, bytes, spec.inChannels / spec.groups);
    loops.emit(e, rows, begin, end);
    return;
  }
  WindowRows rows(spec);
  loops.emit(e, rows, begin, end);
}

// ContractionConvolution.cpp - channels-last convolutions as contractions whose rows of A are windows of the image
// (implicit im2col).
//
// Row m is output pixel (image, z, y, x), K runs over (tap plane, tap line, tap column, channel); an image of two axes
// is one plane. A tile that lies in one line of pixels has one pointer, and reads only taps inside the image. Others
// have one pointer per row; for each tap the row's run of channels is either in the image or, by a select, the row of
// zeros. Where all windows of a tile lie inside the image the taps of one kernel row are one run of kernelWidth *
// channels elements, without selects.
#include "ContractionArithmetic.h"

using namespace mlir;
using namespace cameo::codegen;

namespace {

/// Runs of channels shorter than this make a second version of the tile worth its code.
constexpr int64_t kShortRun = 64;
/// Pixels of an image from which on a tile is made for one image where their number is unknown; of smaller ones there
/// must be many to matter.
constexpr int64_t kTellingPixels = 32;
/// Columns of taps that are written out one by one at the image's border, if there are no more.
constexpr int64_t kMostEdgeTaps = 7;
/// Most stack that the windows of a border tile may take.
constexpr int64_t kMaxWindowBytes = 32 << 10;

bool isPadded(const ConvolutionSpec &spec) {
  return spec.padFront > 0 || spec.padTop > 0 || spec.padLeft > 0 || spec.padBack > 0 || spec.padBottom > 0 ||
         spec.padRight > 0;
}
bool hasContiguousTaps(const ConvolutionSpec &spec) {
  return spec.groups == 1 && spec.dilationWidth == 1 && spec.kernelWidth > 1;
}
int64_t windowElements(const ConvolutionSpec &spec) {
  return spec.kernelDepth * spec.kernelHeight * spec.kernelWidth * spec.inChannels / spec.groups;
}
/// Size of an element in the copy of a window.
int64_t copiedBytes(const ConvolutionSpec &spec) { return spec.bytes ? 1 : spec.bf16Dots ? 2 : 4; }
/// Elements of K in one step.
int64_t stepElements(const ConvolutionSpec &spec) {
  if (spec.bytes)
    return spec.bytes->stepElements();
  return (spec.bf16Dots ? 2 : 1) * (spec.tile.alongK ? spec.tile.lanes : 1);
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

/// Rows of a panel of weights.
int64_t panelRowsOf(const ConvolutionSpec &spec) {
  int64_t k = windowElements(spec), run = convolutionRun(spec);
  return spec.bytes ? spec.bytes->panelRows(k / run, run) : k / run * llvm::divideCeil(run, stepElements(spec));
}

/// Whether all columns of taps are inside the image for the tile of `rows` pixels at `place` of its line.
bool readsInside(const ConvolutionSpec &spec, int64_t rows, int64_t place) {
  int64_t first = place * rows * spec.strideWidth - spec.padLeft;
  int64_t last = first + (rows - 1) * spec.strideWidth + (spec.kernelWidth - 1) * spec.dilationWidth;
  return !isPadded(spec) || (first >= 0 && last < spec.inWidth.fixed);
}

/// Whether tiles of `rows` pixels lie in lines, and only the first and last ones of a line leave the image, in taps
/// that can be left out.
bool liesInLine(const ConvolutionSpec &spec, int64_t rows) {
  if (!spec.outWidth.isStatic() || spec.outWidth.fixed == 0 || spec.outWidth.fixed % rows != 0)
    return false;
  if (!isPadded(spec))
    return true;
  if (!spec.inWidth.isStatic() || spec.bytes || spec.kernelWidth > kMostEdgeTaps ||
      spec.inChannels / spec.groups % stepElements(spec) != 0)
    return false;
  int64_t places = spec.outWidth.fixed / rows;
  return places <= 2 || (readsInside(spec, rows, 1) && readsInside(spec, rows, places - 2));
}

class WindowRows final : public LhsRows {
public:
  WindowRows(const ConvolutionSpec &spec)
      : spec(spec), elementSize(elementBytes(spec.inputType)), groupChannels(spec.inChannels / spec.groups) {}

  SmallVector<Value> accumulate(Emit &e, const MicroKernel &kernel, const TileRows &tile, ValueRange state) override {
    if (tile.isAligned && liesInLine(spec, kernel.rows))
      return accumulateLine(e, kernel, tile, state);
    SmallVector<Window> windows = windowsOf(e, kernel.rows, tile);
    auto accumulateWhole = [&] {
      auto rows = llvm::map_to_vector(windows, [](const Window &window) { return RowPointer{window.pointer}; });
      return overPlanes(e, rows, state, [&](Value, ArrayRef<RowPointer> plane, ValueRange carried) {
        return accumulateInside(e, kernel, plane, e.number(0), e.number(spec.kernelHeight), carried);
      });
    };
    if (!isPadded(spec))
      return accumulateWhole();
    if (!copiesWindows(spec))
      return accumulateAnywhere(e, kernel, windows, state);
    return e.choose(allInside(e, windows), state.getTypes(), accumulateWhole,
                    [&] { return accumulateCopies(e, kernel, windows, state); });
  }

private:
  struct Window {
    Value pointer; ///< element (z, y, x, 0); outside the buffer where the window starts in the padding
    Value z, y, x; ///< first plane, line and column of the window, negative in the padding
  };
  using PlaneFn = llvm::function_ref<SmallVector<Value>(Value tapZ, ArrayRef<RowPointer> rows, ValueRange carried)>;

  SmallVector<Window> windowsOf(Emit &e, int64_t rows, const TileRows &tile) {
    Value width = e.value(spec.outWidth), height = e.value(spec.outHeight);
    SmallVector<Window> windows;
    Value plane, y, x;
    for (int64_t row = 0; row < rows; ++row) {
      if (row == 0 || tile.last) {
        Value pixel = e.add(tile.m, row);
        if (tile.last)
          pixel = e.min(pixel, tile.last);
        Value line = e.div(pixel, width);
        x = e.rem(pixel, width);
        y = e.rem(line, height);
        plane = e.div(line, height);
      } else {
        x = e.add(x, 1);
        Value wraps = e.compare(Emit::Pred::eq, x, width);
        x = e.select(wraps, e.number(0), x);
        y = e.add(y, e.widen(wraps));
        wraps = e.compare(Emit::Pred::eq, y, height);
        y = e.select(wraps, e.number(0), y);
        plane = e.add(plane, e.widen(wraps));
      }
      windows.push_back(windowOf(e, tile, plane, y, x));
    }
    return windows;
  }

  /// The window of output pixel (y, x) of plane `plane`, counted over all images.
  Window windowOf(Emit &e, const TileRows &tile, Value plane, Value y, Value x) {
    Value depth = e.value(spec.outDepth), image = e.div(plane, depth);
    Window window;
    window.z = e.add(e.mul(e.rem(plane, depth), spec.strideDepth), -spec.padFront);
    window.y = e.add(e.mul(y, spec.strideHeight), -spec.padTop);
    window.x = e.add(e.mul(x, spec.strideWidth), -spec.padLeft);
    Value at = e.add(e.mul(image, spec.inDepth), window.z);
    at = e.add(e.mul(at, spec.inHeight), window.y);
    at = e.add(e.mul(at, spec.inWidth), window.x);
    window.pointer = e.offset(tile.lhs, e.mul(at, spec.inChannels * elementSize));
    return window;
  }

  /// A tile whose pixels lie in one line.
  SmallVector<Value> accumulateLine(Emit &e, const MicroKernel &kernel, const TileRows &tile, ValueRange state) {
    int64_t width = spec.outWidth.fixed, places = width / kernel.rows;
    Value line = e.div(tile.m, e.number(width)), x = e.rem(tile.m, e.number(width));
    Value height = e.value(spec.outHeight);
    Window window = windowOf(e, tile, e.div(line, height), e.rem(line, height), x);
    SmallVector<RowPointer> rows;
    for (int64_t row = 0; row < kernel.rows; ++row)
      rows.push_back({window.pointer, row * spec.strideWidth * spec.inChannels * elementSize});
    // Planes and lines of taps outside the image are left out.
    auto [beginZ, endZ] = tapBounds(e, window.z, spec.inDepth, spec.kernelDepth, spec.dilationDepth,
                                    spec.padFront > 0 || spec.padBack > 0);
    auto [beginY, endY] = tapBounds(e, window.y, spec.inHeight, spec.kernelHeight, spec.dilationHeight,
                                    spec.padTop > 0 || spec.padBottom > 0);
    Extent lineWeights = e.times(kernel.rhsStepBytes, panelRowsOf(spec) / (spec.kernelDepth * spec.kernelHeight));
    Value firstWeights = e.offset(state.back(), e.mul(beginY, lineWeights));
    auto overTaps = [&, beginZ = beginZ,
                     endZ = endZ](llvm::function_ref<SmallVector<Value>(ArrayRef<RowPointer>, ValueRange)> lines) {
      return overPlanes(e, rows, beginZ, endZ, state, [&](Value tapZ, ArrayRef<RowPointer> plane, ValueRange carried) {
        SmallVector<Value> next(carried);
        next.back() = e.offset(firstWeights, e.mul(e.mul(tapZ, lineWeights), spec.kernelHeight));
        return lines(plane, next);
      });
    };
    auto inside = [&, beginY = beginY, endY = endY] {
      return overTaps([&](ArrayRef<RowPointer> plane, ValueRange carried) {
        return accumulateInside(e, kernel, plane, beginY, endY, carried);
      });
    };
    auto edge = [&, beginY = beginY, endY = endY](int64_t place) {
      return overTaps([&](ArrayRef<RowPointer> plane, ValueRange carried) {
        return accumulateEdge(e, kernel, plane, place, beginY, endY, carried);
      });
    };
    // Only the first and the last tile of a line leave the image.
    bool leavesLeft = !readsInside(spec, kernel.rows, 0), leavesRight = !readsInside(spec, kernel.rows, places - 1);
    if (places == 1)
      return leavesLeft ? edge(0) : inside();
    auto behindFirst = [&] {
      if (!leavesRight || (places == 2 && leavesLeft))
        return leavesRight ? edge(1) : inside();
      Value isLast = e.compare(Emit::Pred::eq, x, e.number(width - kernel.rows));
      return e.choose(isLast, state.getTypes(), [&] { return edge(places - 1); }, inside);
    };
    if (!leavesLeft)
      return behindFirst();
    Value isFirst = e.compare(Emit::Pred::eq, x, e.number(0));
    return e.choose(isFirst, state.getTypes(), [&] { return edge(0); }, behindFirst);
  }

  /// The taps [begin, end) of `count` along one axis that lie in [0, size) for a window that starts at `first`.
  std::pair<Value, Value> tapBounds(Emit &e, Value first, const Extent &size, int64_t count, int64_t dilation,
                                    bool isPadded) {
    Value zero = e.number(0), end = e.number(count);
    if (!isPadded)
      return {zero, end};
    return {e.ceilDiv(e.max(e.sub(zero, first), zero), dilation),
            e.min(end, e.ceilDiv(e.max(e.sub(e.value(size), first), zero), dilation))};
  }

  Extent planeBytes(Emit &e) {
    return e.times(e.times(spec.inHeight, spec.inWidth), spec.inChannels * spec.dilationDepth * elementSize);
  }

  /// `body` for each plane [begin, end) of taps, with the rows where they lie in it.
  SmallVector<Value> overPlanes(Emit &e, ArrayRef<RowPointer> rows, Value begin, Value end, ValueRange state,
                                PlaneFn body) {
    return e.loop(begin, end, 1, state, [&](Value tapZ, ValueRange carried) {
      return body(tapZ, moved(e, rows, e.mul(tapZ, planeBytes(e))), carried);
    });
  }
  SmallVector<Value> overPlanes(Emit &e, ArrayRef<RowPointer> rows, ValueRange state, PlaneFn body) {
    return overPlanes(e, rows, e.number(0), e.number(spec.kernelDepth), state, body);
  }

  /// The tile at `place` of its line, where some columns of taps leave the image: each tap by the rows that read
  /// inside.
  SmallVector<Value> accumulateEdge(Emit &e, const MicroKernel &kernel, ArrayRef<RowPointer> rows, int64_t place,
                                    Value begin, Value end, ValueRange state) {
    Extent lineBytes = e.times(spec.inWidth, spec.inChannels * spec.dilationHeight * elementSize);
    int64_t tapBytes = spec.dilationWidth * spec.inChannels * elementSize, vectors = kernel.vectors.size();
    int64_t tapSteps = groupChannels / stepElements(spec),
            firstX = place * kernel.rows * spec.strideWidth - spec.padLeft;
    return e.loop(begin, end, 1, state, [&](Value tapY, ValueRange carried) {
      SmallVector<Value> next(carried);
      Value line = e.mul(tapY, lineBytes);
      for (int64_t tap = 0; tap < spec.kernelWidth; ++tap) {
        auto isInside = [&](int64_t row) {
          int64_t column = firstX + row * spec.strideWidth + tap * spec.dilationWidth;
          return column >= 0 && column < spec.inWidth.fixed;
        };
        int64_t from = 0, to = kernel.rows;
        while (from < to && !isInside(from))
          ++from;
        while (from < to && !isInside(to - 1))
          --to;
        if (from == to) {
          next.back() = e.offset(next.back(), e.times(kernel.rhsStepBytes, tapSteps));
          continue;
        }
        MicroKernel part = kernel;
        part.rows = to - from;
        SmallVector<Value> sums(ArrayRef(next).slice(from * vectors, part.rows * vectors));
        sums.push_back(next.back());
        SmallVector<RowPointer> taps = moved(e, rows.slice(from, part.rows), e.add(line, tap * tapBytes));
        sums = run(e, part, taps, groupChannels, sums);
        next.back() = sums.pop_back_val();
        llvm::copy(sums, next.begin() + from * vectors);
      }
      return next;
    });
  }

  /// The same rows `bytes` further on; those that share a pointer still do.
  static SmallVector<RowPointer> moved(Emit &e, ArrayRef<RowPointer> rows, Value bytes) {
    SmallVector<RowPointer> result;
    for (const RowPointer &row : rows) {
      bool shares = !result.empty() && row.pointer == rows[result.size() - 1].pointer;
      result.push_back({shares ? result.back().pointer : e.offset(row.pointer, bytes), row.bytes});
    }
    return result;
  }

  /// Whether every tap of every window lies in the image.
  Value allInside(Emit &e, ArrayRef<Window> windows) {
    Value lastZ = e.add(e.value(spec.inDepth), -((spec.kernelDepth - 1) * spec.dilationDepth + 1));
    Value lastY = e.add(e.value(spec.inHeight), -((spec.kernelHeight - 1) * spec.dilationHeight + 1));
    Value lastX = e.add(e.value(spec.inWidth), -((spec.kernelWidth - 1) * spec.dilationWidth + 1));
    Value inside;
    auto require = [&](Value condition) { inside = inside ? e.both(inside, condition) : condition; };
    for (const Window &window : windows) {
      require(e.compare(Emit::Pred::sge, window.z, e.number(0)));
      require(e.compare(Emit::Pred::sle, window.z, lastZ));
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

  /// Lines [begin, end) of taps, all of which lie in the image.
  SmallVector<Value> accumulateInside(Emit &e, const MicroKernel &kernel, ArrayRef<RowPointer> rows, Value begin,
                                      Value end, ValueRange state) {
    Extent lineBytes = e.times(spec.inWidth, spec.inChannels * spec.dilationHeight * elementSize);
    int64_t tapBytes = spec.dilationWidth * spec.inChannels * elementSize;
    int64_t length = convolutionRun(spec), runs = spec.kernelWidth * groupChannels / length;
    return e.loop(begin, end, 1, state, [&](Value tapY, ValueRange carried) {
      Value line = e.mul(tapY, lineBytes);
      return e.loop(e.number(0), e.number(runs), 1, carried, [&](Value tapX, ValueRange carried) {
        return run(e, kernel, moved(e, rows, e.add(line, e.mul(tapX, tapBytes))), length, carried);
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
      auto exists = [&](Value first, Value tap, int64_t dilation, const Extent &length) {
        return e.compare(Emit::Pred::ult, e.add(first, e.mul(tap, dilation)), e.value(length));
      };
      auto copyLine = [&, &window = window](Value tapZ, Value planeExists, Value tapY) {
        Value lies = e.both(planeExists, exists(window.y, tapY, spec.dilationHeight, spec.inHeight));
        Value end = e.select(lies, limit, zero);
        Value from = e.offset(e.offset(window.pointer, e.mul(tapZ, planeBytes(e))), e.mul(tapY, lineBytes));
        Value to = e.offset(copies, rows.back().bytes);
        to = e.offset(to, e.mul(e.add(e.mul(tapZ, spec.kernelHeight), tapY), run * size));
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
      };
      e.loop(zero, e.number(spec.kernelDepth), 1, [&, &window = window](Value tapZ) {
        Value planeExists = exists(window.z, tapZ, spec.dilationDepth, spec.inDepth);
        e.loop(zero, e.number(spec.kernelHeight), 1, [&](Value tapY) { copyLine(tapZ, planeExists, tapY); });
      });
    }
    if (stepElements(spec) == 1) {
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
    Value depth = e.value(spec.inDepth), height = e.value(spec.inHeight), width = e.value(spec.inWidth);
    Extent lineBytes = e.times(spec.inWidth, spec.inChannels * spec.dilationHeight * elementSize);
    int64_t tapBytes = spec.dilationWidth * spec.inChannels * elementSize;
    auto pointers = llvm::map_to_vector(windows, [](const Window &window) { return RowPointer{window.pointer}; });
    return overPlanes(e, pointers, state, [&](Value tapZ, ArrayRef<RowPointer> plane, ValueRange carried) {
      Value tapPlane = e.mul(tapZ, spec.dilationDepth);
      auto planeExists = llvm::map_to_vector(
          windows, [&](const Window &window) { return e.compare(Emit::Pred::ult, e.add(window.z, tapPlane), depth); });
      return e.loop(e.number(0), e.number(spec.kernelHeight), 1, carried, [&](Value tapY, ValueRange carried) {
        Value line = e.mul(tapY, lineBytes), tapLine = e.mul(tapY, spec.dilationHeight);
        SmallVector<Value> lineExists;
        for (auto [window, exists] : llvm::zip_equal(windows, planeExists))
          lineExists.push_back(e.both(exists, e.compare(Emit::Pred::ult, e.add(window.y, tapLine), height)));
        return e.loop(e.number(0), e.number(spec.kernelWidth), 1, carried, [&](Value tapX, ValueRange carried) {
          Value distance = e.add(line, e.mul(tapX, tapBytes)), tapColumn = e.mul(tapX, spec.dilationWidth);
          SmallVector<RowPointer> rows;
          for (auto [window, row, exists] : llvm::zip_equal(windows, plane, lineExists)) {
            // One unsigned comparison: a column left of the image is a huge number.
            Value inside = e.both(exists, e.compare(Emit::Pred::ult, e.add(window.x, tapColumn), width));
            rows.push_back({e.select(inside, e.offset(row.pointer, distance), spec.zeros)});
          }
          return run(e, kernel, rows, groupChannels, carried);
        });
      });
    });
  }

  const ConvolutionSpec &spec;
  int64_t elementSize, groupChannels;
  Value copies; ///< on the stack, shared by all tiles that need no more
  int64_t copiesBytes = 0;
};

/// A convolution whose rows of A are the image's pixels themselves.
bool isPlainContraction(const ConvolutionSpec &spec) {
  auto isOne = [](int64_t number) { return number == 1; };
  return llvm::all_of(ArrayRef{spec.kernelDepth, spec.kernelHeight, spec.kernelWidth, spec.strideDepth,
                               spec.strideHeight, spec.strideWidth},
                      isOne) &&
         !isPadded(spec) && spec.padBack == 0 && spec.padBottom == 0 && spec.padRight == 0;
}

Extent pixelsOf(Emit &e, const ConvolutionSpec &spec) {
  return e.times(e.times(e.times(spec.n, spec.outDepth), spec.outHeight), spec.outWidth);
}

ContractionLoops loopsOf(Emit &e, const ConvolutionSpec &spec) {
  ContractionLoops loops;
  int64_t groupIn = spec.inChannels / spec.groups, groupOut = spec.outChannels / spec.groups;
  loops.tile = spec.tile;
  loops.target = spec.target;
  loops.batch = spec.groups;
  loops.m = pixelsOf(e, spec);
  loops.mFactor = 1;
  for (const Extent *size : {&spec.outDepth, &spec.outHeight, &spec.outWidth})
    loops.mFactor *= size->isStatic() ? size->fixed : 1;
  loops.n = groupOut;
  loops.arithmetic = spec.tile.alongK ? arithmeticAlongK(spec.tile.lanes, spec.bf16Dots)
                     : spec.bytes     ? byteArithmetic(*spec.bytes)
                     : spec.bf16Dots  ? bf16Arithmetic()
                                      : floatArithmetic();
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
  bool isSized = spec.outDepth.isStatic() && spec.outHeight.isStatic() && spec.outWidth.isStatic();
  bool known = isSized && spec.n.isStatic();
  int64_t pixels = isSized ? spec.outDepth.fixed * spec.outHeight.fixed * spec.outWidth.fixed : 0;
  shape.m = known ? spec.n.fixed * pixels : kDynamicExtent;
  shape.mFactor = pixels < kTellingPixels ? 0 : pixels;
  shape.n = spec.outChannels / spec.groups;
  shape.k = panelRowsOf(spec);
  shape.batch = spec.groups;
  shape.lhsRowBytes = spec.inChannels * spec.strideWidth * elementBytes(spec.inputType);
  shape.widensLhs = spec.bytes ? spec.bytes->widensLhs() : elementBytes(spec.inputType) < 4 && !spec.bf16Dots;
  shape.bf16Dots = spec.bf16Dots;
  shape.sumsRows = spec.bytes && spec.bytes->rhsHasZero;
  // The tail of an unknown number of pixels has a pointer per row, too.
  shape.indirectRows = !known || !isPlainContraction(spec);
  auto directRowsOf = [&](const ConvolutionSpec &spec) {
    uint32_t direct = 0;
    for (int64_t rows = 1; rows < 32; ++rows)
      if (isPlainContraction(spec) ? pixels > 0 && pixels % rows == 0 : liesInLine(spec, rows))
        direct |= 1u << rows;
    return direct;
  };
  shape.directRows = directRowsOf(spec);
  if ((elementBytes(spec.inputType) == 4 && !spec.bytes) || spec.bf16Dots) {
    ConvolutionSpec along = spec;
    along.tile.alongK = 1;
    along.tile.lanes = spec.target.lanes();
    if (windowElements(spec) > 0)
      shape.alongK = {panelRowsOf(along), directRowsOf(along)};
  }
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

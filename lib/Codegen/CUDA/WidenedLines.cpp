// WidenedLines.cpp - see WidenedLines.h.
#include "WidenedLines.h"

using namespace mlir;
using namespace cameo::codegen;

void cameo::codegen::emitWidenedLines(ThreadBuilder &t, const WidenedLines &w, Value chunk) {
  const QuantizedLines &q = w.numbers;
  FewRowsRuns runs(q.bits, q.block);
  Type f32 = t.b.getF32Type(), i32 = t.b.getI32Type();
  int64_t elementBytes = w.element.getIntOrFloatBitWidth() / 8, run = 16 / elementBytes, perWord = 32 / q.bits;
  Value line = t.div(chunk, w.chunksOfLine()), inLine = t.rem(chunk, w.chunksOfLine());
  Value step = t.div(inLine, kLanesOfLine), part = t.rem(inLine, kLanesOfLine);
  Value words = t.load(VectorType::get({4}, i32), t.offset(w.from, t.mul(t.toI64(chunk), 16)), 16);
  auto word = [&](ThreadBuilder &u, int64_t i) -> Value {
    return LLVM::ExtractElementOp::create(u.b, u.loc, words, u.number(i));
  };
  int64_t ofLane = runs.run * runs.count;
  for (int64_t first = 0; first < ofLane; first += run) { // what one store takes
    int64_t ofRun = first % runs.run;
    Value k = t.add(t.mul(step, runs.depth()), first / runs.run * kLanesOfLine * runs.run + ofRun);
    k = t.add(k, t.mul(part, runs.run));
    auto branch = scf::IfOp::create(t.b, t.loc, t.less(k, w.pitch()), /*withElseRegion=*/false);
    OpBuilder inside = branch.getThenBodyBuilder();
    ThreadBuilder u(inside, t.loc);
    Value at = u.add(u.mul(u.toI64(line), q.blocks), u.toI64(u.div(k, q.block)));
    Value scale = u.load(q.scaleType, u.offset(q.scale, u.mul(at, q.scaleType.getIntOrFloatBitWidth() / 8)),
                         q.scaleType.getIntOrFloatBitWidth() / 8);
    if (!q.scaleType.isF32())
      scale = arith::ExtFOp::create(u.b, u.loc, f32, scale);
    Value zero = u.number(q.fixedZero);
    if (q.zero)
      zero = arith::ExtUIOp::create(u.b, u.loc, i32, u.load(u.b.getI8Type(), u.offset(q.zero, at), 1));
    SmallVector<Value> floats;
    for (int64_t i = first; i < first + run; ++i) {
      Value bits = u.shiftRight(word(u, i / perWord), bitInWord(i % perWord, q.bits));
      Value difference = u.sub(u.both(bits, (1 << q.bits) - 1), zero);
      Value number = u.mulF(Value(arith::SIToFPOp::create(u.b, u.loc, f32, difference)), scale);
      if (w.k != w.pitch())
        number = u.select(u.less(u.add(k, i - first), w.k), number, u.f32(0));
      floats.push_back(w.element.isF32() ? number : Value(arith::TruncFOp::create(u.b, u.loc, w.element, number)));
    }
    Value to = u.add(u.mul(u.toI64(line), w.pitch()), u.toI64(k));
    u.store(u.vectorOf(floats), u.offset(w.to, u.mul(to, elementBytes)), 16);
  }
}

// Passes.td - constant folding: what does not depend on the inputs is computed now.
#ifndef CAMEO_PASSES_FOLD_TD
#define CAMEO_PASSES_FOLD_TD
include "mlir/Pass/PassBase.td"

def FoldConstantsPass : Pass<"cameo-fold-constants", "::mlir::func::FuncOp"> {
  let summary = "computes what depends on constants alone, by the code that would have computed it at run time";
  let description = [{
    Before: `%f = cameo.div %scale, %deviation; %g = cameo.mul %weight, %f; %y = cameo.conv %x, %g` with constants %scale, %deviation, %weight.
    After: `%g = cameo.constant dense_resource<...>; %y = cameo.conv %x, %g`.

    All such ops go into one function, which is compiled once (by the naive path, -O0, but where large matrices are multiplied) and run; so folding and running cannot
    disagree. Its results become constants: small ones inline, others resources, never text.
    An op is left for run time, with a remark, when its result has more than `small` bytes and more than `growth` times the bytes
    of its operands: the program file holds every constant, and writing such a result again is cheaper than storing it.
    `budget` bounds the bytes that folding may hold at once.
    What fails when it is run (an index out of range, a value of an open size that needs more than `open` bytes) is left for run
    time, with a remark: all that lies in branches and loops, and if that does not help, what has open sizes. So is what ops that read
    it cannot take, as an index beyond an axis. Where every call would fail nothing is folded, and a warning names the node.
    Wants a ConstantEvaluator (ConstantEvaluator.h) registered with the dialect. Left alone: ops with regions. Linear.
  }];
  let options = [
    Option<"small", "small", "int64_t", "65536",
           "bytes of a result that is folded however small its operands are; 64 KiB are written in microseconds">,
    Option<"growth", "growth", "int64_t", "2",
           "most bytes of a larger result per byte of operands; 2 widens f16 weights, but leaves int8 ones packed">,
    Option<"budget", "budget", "int64_t", "4294967296", "most bytes of all results that one run of the pass computes">,
    Option<"open", "open", "int64_t", "16777216", "bytes of a value whose size only the run of the ops tells">,
    Option<"work", "work", "int64_t", "268435456",
           "most operations of all folded ops together, of what has fast code in proportion; the naive path does about as many in a second">,
    Option<"keepQuantized", "keep-quantized", "bool", "false",
           "leave alone what reads integers as differences from a zero point, so that a model is written with the quantized weights it has">];
}
#endif

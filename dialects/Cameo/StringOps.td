// StringOps.td - ops that make texts, take them apart or read them. What only moves or compares texts is an op like any other.
#ifndef CAMEO_STRING_OPS_TD
#define CAMEO_STRING_OPS_TD
include "dialects/Cameo/CameoBase.td"

// One result element for each element of the operands, by a service of the runtime; on one thread.
class Cameo_TextOp<string mnemonic> : Cameo_StructuredOp<mnemonic> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_StringConcatOp : Cameo_TextOp<"string_concat"> {
  let summary = "x followed by y, with broadcasting";
  let description = [{
    ONNX: StringConcat, since 20.
    Example: `%z = cameo.string_concat %x, %y : (tensor<2x!cameo.string>, tensor<!cameo.string>) -> tensor<2x!cameo.string>`
  }];
  let arguments = (ins Cameo_StringTensor:$x, Cameo_StringTensor:$y);
  let results = (outs Cameo_StringTensor:$result);
}

def Cameo_StringCaseOp : Cameo_TextOp<"string_case"> {
  let summary = "letters in lower case, or in upper case";
  let description = [{
    By the simple mappings of Unicode: one character for one. ONNX: StringNormalizer's case_change_action, since 10.
    Example: `%y = cameo.string_case %x {upper} : (tensor<2x!cameo.string>) -> tensor<2x!cameo.string>`
  }];
  let arguments = (ins Cameo_StringTensor:$x, UnitAttr:$upper);
  let results = (outs Cameo_StringTensor:$result);
}

def Cameo_StringPiecesOp : Cameo_TextOp<"string_pieces"> {
  let summary = "how many pieces string_split gives for each text";
  let description = [{
    (C1) `delimiter` has one element. ONNX: StringSplit's second output, since 20.
    Example: `%n = cameo.string_pieces %x, %d : (tensor<2x!cameo.string>, tensor<!cameo.string>) -> tensor<2xi64>`
  }];
  let arguments = (ins Cameo_StringTensor:$x, Cameo_StringTensor:$delimiter,
                       DefaultValuedAttr<I64Attr, "std::numeric_limits<int64_t>::max()">:$mostSplits);
  let results = (outs Cameo_I64Tensor:$result);
}

def Cameo_StringSplitOp : Cameo_TextOp<"string_split"> {
  let summary = "the pieces of each text along a new last axis of size `count`";
  let description = [{
    Splits at `delimiter`, at most `mostSplits` times, what is then left being the last piece. The empty delimiter stands for white
    space: runs of it split once, and pieces are not empty. Missing pieces are empty texts, surplus ones are left out.
    (C1) `delimiter` and `count` have one element each. ONNX: StringSplit, since 20, where `count` is the largest of string_pieces.
    Example: `%y = cameo.string_split %x, %d, %n : (tensor<2x!cameo.string>, tensor<!cameo.string>, tensor<i64>) -> tensor<2x?x!cameo.string>`
  }];
  let arguments = (ins Cameo_StringTensor:$x, Cameo_StringTensor:$delimiter, Cameo_I64Tensor:$count,
                       DefaultValuedAttr<I64Attr, "std::numeric_limits<int64_t>::max()">:$mostSplits);
  let results = (outs Cameo_StringTensor:$result);
}

def Cameo_StringMatchOp : Cameo_TextOp<"string_match"> {
  let summary = "whether a finite automaton accepts the whole text";
  let description = [{
    The automaton reads bytes and begins in state 0. Row s of `automaton` holds the next state for each of the 256 bytes, then 1 if s
    accepts and 0 if not. Entries must be below the number of rows; a regular expression becomes one when it is imported.
    (C1) `automaton` is [states, 257], states >= 1. ONNX: RegexFullMatch, since 20.
    Example: `%y = cameo.string_match %x, %a : (tensor<2x!cameo.string>, tensor<4x257xi32>) -> tensor<2xi1>`
  }];
  let arguments = (ins Cameo_StringTensor:$x, RankedTensorOf<[I32]>:$automaton);
  let results = (outs Cameo_BoolTensor:$result);
}

def Cameo_StringParseOp : Cameo_TextOp<"string_parse"> {
  let summary = "decimal texts as numbers";
  let description = [{
    As f64, where INF, -INF and NaN are numbers too, or as i64. A text that is none is a run-time error. ONNX: Cast, since 9.
    Example: `%y = cameo.string_parse %x {to = f64} : (tensor<2x!cameo.string>) -> tensor<2xf64>`
  }];
  let arguments = (ins Cameo_StringTensor:$x, TypeAttr:$to);
  let results = (outs RankedTensorOf<[F64, I64]>:$result);
}

def Cameo_StringFormatOp : Cameo_TextOp<"string_format"> {
  let summary = "numbers as decimal texts";
  let description = [{
    The shortest text that reads back as the same number; INF, -INF and NaN. ONNX: Cast, since 9.
    Example: `%y = cameo.string_format %x : (tensor<2xf32>) -> tensor<2x!cameo.string>`
  }];
  let arguments = (ins RankedTensorOf<[F32, F64, I64, UI64]>:$x);
  let results = (outs Cameo_StringTensor:$result);
}
#endif

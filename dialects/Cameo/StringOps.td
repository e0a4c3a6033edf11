// StringOps.td - ops that make texts, take them apart or read them. What only moves or compares texts is an op like any other.
#ifndef CAMEO_STRING_OPS_TD
#define CAMEO_STRING_OPS_TD
include "dialects/Cameo/CameoBase.td"

// One result element for each element of the operands, by a service of the runtime; on one thread.
class Cameo_TextOp<string mnemonic, list<Trait> traits = []> : Cameo_StructuredOp<mnemonic, !listconcat([Cameo_CallsRuntime], traits)> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_StringConcatOp : Cameo_TextOp<"string_concat", [Cameo_RequiresSizes]> {
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

class Cameo_TokensOp<string mnemonic, dag operands> : Cameo_TextOp<mnemonic> {
  let arguments = !con(operands, (ins Variadic<RankedTensorOf<[I32]>>:$automata, UnitAttr:$between, I64Attr:$least));
}
def Cameo_StringTokenCountOp : Cameo_TokensOp<"string_token_count", (ins Cameo_StringTensor:$x)> {
  let summary = "how many tokens string_tokens finds in each text";
  let description = [{
    (C1) There is an automaton, and each is [states, 257], states >= 3. (C2) `least` is 1 or more. ONNX: Tokenizer of com.microsoft.
    Example: `%n = cameo.string_token_count %x, %a {least = 1 : i64} : (tensor<2x!cameo.string>, tensor<4x257xi32>) -> tensor<2xi64>`
  }];
  let results = (outs Cameo_I64Tensor:$result);
}
def Cameo_StringTokensOp : Cameo_TokensOp<"string_tokens", (ins Cameo_StringTensor:$x, Cameo_I64Tensor:$count)> {
  let summary = "the tokens of each text along a new last axis of size `count`";
  let description = [{
    From left to right the longest that an automaton accepts, or with `between` what stands between these, of at least `least`
    characters. What the first automaton finds is taken apart by the next one, and so on. Automata are those of string_match, but
    with three rows to begin in and three ways to accept, as KernelABI.h says of text_tokens. Missing tokens are empty texts, surplus
    ones are left out.
    (C1) There is an automaton, and each is [states, 257], states >= 3. (C2) `least` is 1 or more. (C3) `count` has one element.
    ONNX: Tokenizer of com.microsoft.
    Example: `%y = cameo.string_tokens %x, %n, %a {least = 1 : i64} : (tensor<2x!cameo.string>, tensor<i64>, tensor<4x257xi32>) -> tensor<2x?x!cameo.string>`
  }];
  let results = (outs Cameo_StringTensor:$result);
}

def Cameo_StringHashOp : Cameo_TextOp<"string_hash"> {
  let summary = "MurmurHash3_x86_32 of the bytes of each text";
  let description = [{
    ONNX: MurmurHash3 of com.microsoft.
    Example: `%y = cameo.string_hash %x {seed = 0 : i64} : (tensor<2x!cameo.string>) -> tensor<2xui32>`
  }];
  let arguments = (ins Cameo_StringTensor:$x, I64Attr:$seed);
  let results = (outs RankedTensorOf<[UI32]>:$result);
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

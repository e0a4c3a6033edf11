// ContractionOps.td - sums of products over named axes: matmul, einsum, and the determinant.
#ifndef CAMEO_CONTRACTION_OPS_TD
#define CAMEO_CONTRACTION_OPS_TD
include "dialects/Cameo/CameoBase.td"

def Cameo_MatMulOp : Cameo_StructuredOp<"matmul", [DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue"]>,
                                             DeclareOpInterfaceMethods<Cameo_LinearInterface>, DeclareOpInterfaceMethods<Cameo_ProductInterface>,
                                             DeclareOpInterfaceMethods<Cameo_CostInterface>, Cameo_RequiresSizes]> {
  let summary = "product of matrices, batched with broadcasting";
  let description = [{
    `y[b.., m, n] = sum_k lhs[b.., m, k] * rhs[b.., k, n]`; with `transposeLhs` (`transposeRhs`) the operand's last two axes are
    read the other way round. Leading axes broadcast. Sums are in f32 for f16 and bf16; integers wrap in `accumulator`, which is
    then also the result's element type (default: the operands').
    (C1) both ranks are 2 or more. (C2) element types agree, unless both are integers and `accumulator` is given.
    (C3) `accumulator` is an integer type. (C4) inner sizes agree. (C5) leading axes broadcast.
    ONNX: MatMul, since 1; Gemm, com.microsoft FusedMatMul with further ops around it.
    Example: `%y = cameo.matmul %a, %b {transposeRhs} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>`
  }];
  let arguments = (ins Cameo_NumberTensor:$lhs, Cameo_NumberTensor:$rhs, UnitAttr:$transposeLhs, UnitAttr:$transposeRhs,
                       OptionalAttr<TypeAttr>:$accumulator);
  let results = (outs Cameo_NumberTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = [{
    /// Element type of sums and result.
    ::mlir::Type accumulatorType();
  }];
}

def Cameo_MatMulIntegerOp : Cameo_StructuredOp<"matmul_integer", [DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue"]>,
                                                            DeclareOpInterfaceMethods<Cameo_ZeroPointInterface>, Cameo_RequiresSizes]> {
  let summary = "product of matrices of 8-bit integers with zero points, in i32";
  let description = [{
    `y[b.., m, n] = sum_k (lhs[b.., m, k] - lhsZero) * (rhs[b.., k, n] - rhsZero)`, wrapping in i32; with `transposeRhs` the last
    two axes of rhs are read the other way round. Leading axes broadcast. A zero point broadcasts to its operand and is the same
    along k: one for all, or one per row of lhs, per column of the product for rhs.
    (C1) both ranks are 2 or more. (C2) operands have 8-bit types, zero points those of their operands. (C3) inner sizes agree.
    (C4) leading axes broadcast. (C5) zero points broadcast to their operands and have size 1 along k.
    ONNX: MatMulInteger, since 10; QLinearMatMul with a requantization behind it.
    Example: `%y = cameo.matmul_integer %a, %b, %az, %bz : (tensor<2x3xui8>, tensor<3x4xi8>, tensor<ui8>, tensor<4xi8>) -> tensor<2x4xi32>`
  }];
  let arguments = (ins Cameo_ByteTensor:$lhs, Cameo_ByteTensor:$rhs, Cameo_ByteTensor:$lhsZero, Cameo_ByteTensor:$rhsZero,
                       UnitAttr:$transposeRhs);
  let results = (outs Cameo_I32Tensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_EinsumOp : Cameo_StructuredOp<"einsum", [DeclareOpInterfaceMethods<Cameo_KernelInterface, ["allowsEpilogue"]>,
                                             DeclareOpInterfaceMethods<Cameo_CostInterface>]> {
  let summary = "sum of products of elements, axes matched by label";
  let description = [{
    Every axis has a label; `y[out] = sum over the labels not in out of prod_i x_i[labels_i]`. An axis of size 1 is read at 0
    whatever its label's size is. Sums are in f32 for f16 and bf16.
    (C1) there is a list of labels per operand, as long as its rank. (C2) element types agree. (C3) axes of one label have one
    size, or 1. (C4) output labels are different, and each labels an operand's axis.
    ONNX: Einsum, since 12; the importer uses matmul where that can say it.
    Example: `%y = cameo.einsum %x {labels = [array<i64: 0, 0>], output = array<i64: 0>} : (tensor<3x3xf32>) -> tensor<3xf32>`
  }];
  let arguments = (ins Variadic<Cameo_NumberTensor>:$inputs, ArrayAttr:$labels, DenseI64ArrayAttr:$output);
  let results = (outs Cameo_NumberTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Cameo_DetOp : Cameo_StructuredOp<"det"> {
  let summary = "determinant of square matrices";
  let description = [{
    `y[b..] = det(x[b.., :, :])` by elimination with row pivoting; in f32 for f16 and bf16.
    (C1) the rank is 2 or more. (C2) the last two sizes agree. ONNX: Det, since 11.
    Example: `%y = cameo.det %x : (tensor<5x3x3xf32>) -> tensor<5xf32>`
  }];
  let arguments = (ins Cameo_FloatTensor:$x);
  let results = (outs Cameo_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}
#endif

// Passes.td - quantization: arithmetic on quantized tensors stays in integers.
#ifndef CAMEO_PASSES_QUANTIZATION_TD
#define CAMEO_PASSES_QUANTIZATION_TD
include "mlir/Pass/PassBase.td"

def IntegerArithmeticPass : Pass<"cameo-integer-arithmetic", "::mlir::func::FuncOp"> {
  let summary = "products and convolutions of dequantized bytes are computed on the bytes";
  let description = [{
    Before: `quantize(relu(conv(dequantize %x, dequantize %w) + dequantize %b))`.
    After: `quantize(relu(cast(conv_integer(%x, %w) + %b) * scales))`, which is one kernel of integer products with a short epilogue.

    - matmul and conv of dequantized 8-bit tensors: sums in i32, exact, times the product of the scales. The weights are constant;
      activations have one scale and zero point, weights those or one of each per column of the result. A bias of i32 with the scale
      of the sums is added to them.
    - The scale of a quantize behind them becomes part of their scale, through what commutes with it (relu, bounds, biases).
    - quantize and dequantize move through what only moves elements (SelectionInterface), so that a pair of them with equal
      parameters meets and vanishes, and data moves as bytes.
    - A relu goes where the quantize behind it cuts at 0 anyway.
    - matmul of floats with constant weights of 4 and 8 bits, dequantized by one scale, one per output, or in blocks of 16, 32 or a multiple of
      64 of what is summed: matmul_nbits, which reads them as they are stored, for up to 256 rows and where only the run knows how many.
      Weights of f16 and bf16 are then not rounded to these on the way, but for many rows on a GPU.
    - Signed activations become unsigned, with a zero point greater by 128: processors multiply u8 by s8.

    Left alone, in float, with a remark: sums that may not fit 32 bits, operands that are not both quantized, wider and narrower integers.
    Runs before constants are folded, which would make the weights float again.
    Linear: every pattern looks at a bounded number of ops.
  }];
}

def RoundInPlacePass : Pass<"cameo-round-in-place", "::mlir::func::FuncOp"> {
  let summary = "integers that a kernel makes only for itself stay real numbers";
  let description = [{
    Before, in a kernel: `%q = quantize %x, 1, %z; %y = dequantize %q, %s, %z`, where nothing else reads %q.
    After: `%y = min(max(round %x, lowest - z), highest - z) * %s`: the same numbers without the way through bytes.
    Only for sums of integers times a number, which are never NaN. Runs after fusion, which decides what is stored. Linear.
  }];
}

def QuantizeLayersPass : Pass<"cameo-quantize-layers", "::mlir::func::FuncOp"> {
  let summary = "layers are quantized as their attribute cameo.quantization says";
  let description = [{
    A layer is a convolution, or a product with a matrix, of constant weights in f32. Other ops that multiply such constants, as
    recurrent cells do, can have `kind = "bf16"` only. Before:
    `%y = cameo.matmul %x, %w {cameo.quantization = {kind = "static"}, cameo.observed = {least = -1.0 : f32, most = 3.0 : f32}}`.
    After: `%y = cameo.matmul (dequantize (quantize %x)), (dequantize %bytes)`, of which --cameo-integer-arithmetic makes an integer kernel.

    What the attributes may hold is a table in passes/Quantization/README.md. Layers without the attribute are left alone. Linear in the weights, but for `method = "gptq"`, which is cubic in the terms of a sum.
  }];
}

def ObserveLayersPass : Pass<"cameo-observe-layers", "::mlir::func::FuncOp"> {
  let summary = "what layers read becomes results of @main";
  let description = [{
    Before: `%y = cameo.matmul %x, %w; return %y`. After: `return %y, %x`, and the new result is called `observed:0`, with the number of
    the first layer that reads it. Each activation once, in the order of layers.
    What is read inside control flow becomes a result of the if and the loop around it, as a matrix: a row of channels for each position of
    each time that it is read, no row where it is not.

    Layers listed in `windows`, convolutions of one group, also show what each of their sums is over: a tensor with one channel for
    each weight of an output, in the weights' order, called `windows:1` by the layer's number. Linear.
  }];
  let options = [ListOption<"windows", "windows", "int64_t", "numbers of layers, ascending">];
}

def SwitchLayersPass : Pass<"cameo-switch-layers", "::mlir::func::FuncOp"> {
  let summary = "layers do what the run asks for: one of several quantizations, or f32";
  let description = [{
    Before: `%y = cameo.matmul %x, %w {cameo.choices = [{kind = "static"}, {kind = "dynamic"} ] }`.
    After: @main has one argument more, `plan` of type tensor<Lxi64>, a number per layer in the order of layers. 0 is the layer as it
    was, n is a copy of it with the n-th choice as its attribute cameo.quantization, inside a cameo.if.

    So one program measures what every choice does to the model's results, layer by layer and together. Layers without choices
    have a number too, which nobody reads. Linear.
  }];
}
#endif

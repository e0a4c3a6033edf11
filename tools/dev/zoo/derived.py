"""derived.py - models of the other families after the tools of ONNX Runtime: fused, quantized, in half precision."""
import pathlib

import numpy as np

from zoo import registry

LOOSE = {"rtol": 2e-2, "atol": 2e-2}  # half precision
STEPS = {"rtol": 2e-2, "atol": 0.15}  # two steps of an 8-bit output: in ONNX Runtime itself 1e-6 of the input moves it by one, 0.06


def derived(name: str, base: str, tool: str, change, **tolerance) -> None:
    """`change(source, target, feeds)` makes the file `target` from the base's and may return other feeds."""

    def write(path: pathlib.Path) -> list[registry.Feeds]:
        source = path.with_name("base.onnx")
        feeds = registry.ENTRIES[base].write(source)
        changed = change(source, path, feeds)
        source.unlink()
        return feeds if changed is None else changed

    registry.add(registry.Entry(name, f"{registry.ENTRIES[base].exporter}, {tool}", write, **tolerance))


def fuse(kind: str, heads: int, width: int, half: bool = False):
    def change(source, target, _):
        from onnxruntime.transformers import optimizer

        fused = optimizer.optimize_model(str(source), model_type=kind, num_heads=heads, hidden_size=width, opt_level=0)
        if half:
            fused.convert_float_to_float16(keep_io_types=True)
        fused.save_model_to_file(str(target))

    return change


def runtimeLevel(level: str):
    """What ONNX Runtime itself saves after its own graph passes."""

    def change(source, target, _):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
        options.optimized_model_filepath = str(target)
        onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])

    return change


def quantizeDynamic(source, target, _):
    from onnxruntime.quantization import quantize_dynamic

    quantize_dynamic(source, target)


def quantizeStatic(form: str, **options):
    def change(source, target, feeds):
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process

        class Reader(CalibrationDataReader):
            rows = iter(feeds)

            def get_next(self):
                return next(self.rows, None)

        quant_pre_process(source, source, skip_symbolic_shape=True)
        quantize_static(source, target, Reader(), quant_format=QuantFormat[form], activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, **options)

    return change


def quantizeBlocks(bits: int, **options):
    def change(source, target, _):
        import onnx
        from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

        quantizer = MatMulNBitsQuantizer(onnx.load(source), bits=bits, block_size=16, is_symmetric=False, **options)
        quantizer.process()
        onnx.save(quantizer.model.model, target)

    return change


def halve(source, target, feeds):
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(source), keep_io_types=False), target)
    return [{n: v.astype(np.float16) if v.dtype == np.float32 else v for n, v in f.items()} for f in feeds]


FUSE = "fused by onnxruntime.transformers"
derived("bert-tiny-fused", "bert-tiny-eager-script", FUSE, fuse("bert", 4, 32))
derived("bert-tiny-fused-half", "bert-tiny-eager-script", f"{FUSE}, float16", fuse("bert", 4, 32, True), **LOOSE)
derived("roberta-tiny-fused", "roberta-tiny-eager-script", FUSE, fuse("bert", 4, 32))
derived("distilbert-tiny-fused", "distilbert-tiny-script", FUSE, fuse("bert", 4, 32))
derived("gpt2-tiny-fused", "gpt2-tiny-decode-script", FUSE, fuse("gpt2", 4, 32))
derived("bart-tiny-fused-encoder", "bart-tiny-script-encoder", FUSE, fuse("bart", 4, 32))
derived("vit-tiny-fused", "vit-tiny-script", FUSE, fuse("vit", 4, 32))
for base in ("bert-tiny-sdpa-script", "llama-tiny-decode-script", "resnet18-script-13", "segformer-tiny-script", "lstm-tagger-script-14"):
    derived(f"{base}-extended", base, "saved by ONNX Runtime (extended)", runtimeLevel("ORT_ENABLE_EXTENDED"))
for base in ("bert-tiny-sdpa-script", "llama-tiny-decode-script", "lstm-tagger-script-14", "resnet18-script-13"):
    derived(f"{base}-dynamic-int8", base, "quantize_dynamic", quantizeDynamic, **STEPS)
for base in ("resnet18-script-13", "mobilenet_v2-script-11", "bert-tiny-sdpa-script"):
    derived(f"{base}-qdq", base, "quantize_static (QDQ)", quantizeStatic("QDQ", per_channel=base.startswith("resnet")), **STEPS)
    derived(f"{base}-qoperator", base, "quantize_static (QOperator)", quantizeStatic("QOperator"), **STEPS)
for bits in (4, 8):
    derived(f"llama-tiny-decode-script-{bits}-bits", "llama-tiny-decode-script", f"MatMulNBitsQuantizer, {bits} bits", quantizeBlocks(bits))
derived("gpt2-tiny-decode-script-4-bits-table", "gpt2-tiny-decode-script", "MatMulNBitsQuantizer, 4 bits, tables too",
        quantizeBlocks(4, op_types_to_quantize=("MatMul", "Gather"), quant_axes=(("MatMul", 0), ("Gather", 1))))
for base in ("resnet18-script-13", "bert-tiny-sdpa-script", "unet-dynamic-script-11", "gru-tagger-script-14", "segformer-tiny-script"):
    derived(f"{base}-half", base, "float16", halve, **LOOSE)

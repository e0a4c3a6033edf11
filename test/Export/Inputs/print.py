"""print.py MODEL - a line for the graph, then one per node: name: outputs = Op <attributes> (inputs)."""
import sys

import onnx
from onnx import TensorProto, helper


def shape(value):
    tensor = value.type.tensor_type
    dims = [d.dim_param or (str(d.dim_value) if d.HasField("dim_value") else "?") for d in tensor.shape.dim]
    return f"{TensorProto.DataType.Name(tensor.elem_type).lower()}[{','.join(dims)}] {value.name}"


def attribute(a):
    value = helper.get_attribute_value(a)
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, onnx.GraphProto):
        value = value.name
    if isinstance(value, onnx.TensorProto):
        value = onnx.numpy_helper.to_array(value).tolist()
    return f"{a.name} = {round(value, 6) if isinstance(value, float) else value}"


def show(graph, indent=""):
    for node in graph.node:
        attributes = ", ".join(attribute(a) for a in node.attribute)
        op = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
        print(f"{indent}{node.name}: {', '.join(node.output)} = {op} {f'<{attributes}> ' if attributes else ''}({', '.join(node.input)})")
        for a in node.attribute:
            if a.HasField("g"):
                print(f"{indent}  {a.g.name} ({', '.join(shape(v) for v in a.g.input)}) => ({', '.join(shape(v) for v in a.g.output)})")
                show(a.g, indent + "  ")


model = onnx.load(sys.argv[1], load_external_data=False)
onnx.checker.check_model(sys.argv[1], full_check=True)
opsets = ", ".join(f'"{o.domain}" {o.version}' for o in model.opset_import)
graph = model.graph
print(f"{graph.name} ({', '.join(map(shape, graph.input))}) => ({', '.join(map(shape, graph.output))}) opset {opsets}")
for t in graph.initializer:
    print(f"{TensorProto.DataType.Name(t.data_type).lower()}{list(t.dims)} {t.name}{' external' if t.external_data else ''}")
show(graph)

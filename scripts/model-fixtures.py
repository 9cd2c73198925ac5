"""Makes the tiny models of test/models/graphs: what they compute is known by hand.

    pip install onnx==1.20.0 numpy==2.3.5
    python3 scripts/model-fixtures.py

Each takes the mean of every channel and multiplies the three means with a matrix in which output j
takes channel j mod 3, times j + 1.
"""

import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path("test/models/graphs")


def weights(outputs: int, dtype: type) -> np.ndarray:
    matrix = np.zeros((3, outputs), dtype)
    for output in range(outputs):
        matrix[output % 3, output] = output + 1
    return matrix


def save(
    name,
    shape,
    outputs,
    *,
    layout="NCHW",
    type=TensorProto.FLOAT,
    last=None,
    twice=False,
    step=None,
    dynamic=False,
):
    is_half = type == TensorProto.FLOAT16
    dtype = np.float16 if is_half else np.float32
    nodes = []
    image = "image"
    if type in (TensorProto.UINT8, TensorProto.INT64):
        nodes.append(helper.make_node("Cast", ["image"], ["floats"], to=TensorProto.FLOAT))
        image = "floats"
    axes = [2, 3] if layout == "NCHW" else [1, 2]
    if len(shape) == 2:
        nodes.append(helper.make_node("Identity", [image], ["means"]))
    else:
        nodes.append(helper.make_node("ReduceMean", [image], ["means"], axes=axes, keepdims=0))
    result = "raw" if last or step else "scores"
    if dynamic:
        dtype = np.uint8
        nodes += [
            helper.make_node("DynamicQuantizeLinear", ["means"], ["steps", "size", "zero"]),
            helper.make_node("MatMulInteger", ["steps", "weights", "zero"], ["sums"]),
            helper.make_node("Cast", ["sums"], ["sums as floats"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["sums as floats", "size"], [result]),
        ]
    else:
        nodes.append(helper.make_node("MatMul", ["means", "weights"], [result]))
    constants = [numpy_helper.from_array(weights(outputs, dtype), "weights")]
    if last:
        nodes.append(helper.make_node(last, [result], ["scores"]))
    if step:
        nodes.append(helper.make_node("QuantizeLinear", [result, "step", "zero"], ["scores"]))
        constants.append(numpy_helper.from_array(np.array(step, np.float32), "step"))
        constants.append(numpy_helper.from_array(np.array(-128, np.int8), "zero"))
    out_type = TensorProto.FLOAT16 if is_half else TensorProto.FLOAT
    if step:
        out_type = TensorProto.INT8
    results = [helper.make_tensor_value_info("scores", out_type, [shape[0], outputs])]
    if twice:
        nodes.append(helper.make_node("Identity", ["means"], ["features"]))
        results.append(helper.make_tensor_value_info("features", out_type, [shape[0], 3]))
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("image", type, shape)],
        results,
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    (FOLDER / f"{name}.onnx").write_bytes(model.SerializeToString())


save("nchw", ["batch", 3, 8, 8], 4)
save("nhwc-fixed", [2, 8, 8, 3], 4, layout="NHWC")
save("half", ["batch", 3, 8, 8], 4, type=TensorProto.FLOAT16)
save("bytes", ["batch", 3, 8, 8], 4, type=TensorProto.UINT8)
save("probabilities", ["batch", 3, 8, 8], 4, last="Softmax")
save("background", ["batch", 3, 8, 8], 1001)
save("imagenet", ["batch", 3, 224, 224], 1000)
save("not-finite", ["batch", 3, 8, 8], 4, last="Log")
save("two-outputs", ["batch", 3, 8, 8], 4, twice=True)
save("wide", ["batch", 3, 6, 12], 4)
save("any-size", ["batch", 3, "height", "width"], 4)
save("whole", ["batch", 3, 8, 8], 4, step=4)  # int8, from -128 on: round(value / 4) - 128
save("int64", ["batch", 3, 8, 8], 4, type=TensorProto.INT64)
save("flat", ["batch", 3], 4)
save("dynamic", ["batch", 3, 8, 8], 4, dynamic=True)  # in steps of 1/255 of the batch's range

"""Checks model.onnx in a folder with onnx, if there, and runs it with onnxruntime on input.json."""
import json
import sys
import numpy
import onnxruntime

folder = sys.argv[1]
try:
    import onnx

    onnx.checker.check_model(f"{folder}/model.onnx", full_check=True)
    checked = True
except ImportError:
    checked = False
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(f"{folder}/model.onnx", options)
told = json.load(open(f"{folder}/input.json"))
given = session.get_inputs()[0]
kind = numpy.float32 if given.type == "tensor(float)" else numpy.int64
x = numpy.array(told["values"], dtype=kind).reshape(told["shape"])
(logits,) = session.run(None, {given.name: x})
numpy.ascontiguousarray(logits, dtype=numpy.float32).tofile(f"{folder}/logits")
print(json.dumps({
    "checked": checked,
    "shape": logits.shape,
    "input": given.name,
    "metadata": session.get_modelmeta().custom_metadata_map,
}))

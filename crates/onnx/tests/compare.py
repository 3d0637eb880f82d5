"""Runs an export in ONNX Runtime on the inputs of its sample.json and compares the outputs.

Usage: compare.py DIR
Prints the greatest difference of each output; exits with 1 if one exceeds 1e-4.
"""
import json
import sys

import numpy as np
import onnxruntime

TOLERANCE = 1e-4


def tensor(entry):
    numbers = entry.get("float32"), entry.get("int64")
    kind = np.float32 if numbers[0] is not None else np.int64
    return np.array(numbers[0] if numbers[0] is not None else numbers[1], kind).reshape(entry["shape"])


def main(folder):
    sample = json.load(open(f"{folder}/sample.json"))
    inputs = {name: tensor(entry) for name, entry in sample["inputs"].items()}
    worst = 0.0
    for graph in ("generator", "evaluator"):
        session = onnxruntime.InferenceSession(f"{folder}/{graph}.onnx", providers=["CPUExecutionProvider"])
        wanted = {entry.name: inputs[entry.name] for entry in session.get_inputs()}
        names = [output.name for output in session.get_outputs()]
        for name, found in zip(names, session.run(names, wanted)):
            expected = tensor(sample[graph][name])
            assert found.shape == expected.shape, f"{graph}.{name}: {found.shape}, expected {expected.shape}"
            error = float(np.abs(found - expected).max())
            print(f"{graph}.{name}: {error:.2e}")
            worst = max(worst, error)
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

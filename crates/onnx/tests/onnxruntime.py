"""Checks an exported directory with ONNX Runtime, on one thread: python onnxruntime.py DIR

The outputs of the sample must be those that sample.json says, to 1e-4; a batch of the request twice must give each as it is
alone; and where there is a mask, an absent candidate must change nothing. With --time N, times the generator on N candidates."""
import json
import sys
import time
from pathlib import Path

# The folder of this file, whose name is that of the package, must not be searched for it.
sys.path = [path for path in sys.path if Path(path or ".").resolve() != Path(__file__).resolve().parent]
import numpy as np
import onnxruntime as ort

TOLERANCE = 1e-4


def session(file):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def tensor(value):
    return np.array(value["data"], value["dtype"]).reshape(value["shape"])


def tensors(values):
    return {name: tensor(value) for name, value in values.items()}


def run(session, inputs):
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, inputs)))


def close(found, expected, what):
    for name, value in expected.items():
        assert found[name].shape == value.shape, f"{what} {name}: {found[name].shape}, expected {value.shape}"
        error = np.abs(found[name] - value) / np.maximum(1, np.abs(value))
        worst = error.max() if error.size else 0.0
        print(f"{what} {name} {value.shape}: greatest error {worst:.1e}")
        assert worst <= TOLERANCE, f"{what} {name}: error {worst}"


def twice(inputs):
    """The request two times in a batch."""
    return {name: np.concatenate([value, value]) for name, value in inputs.items()}


def with_absent(inputs):
    """The request with a candidate more that is not there: zeros, and -1 for rows of tables."""
    filled = {}
    for name, value in inputs.items():
        of_candidate = value.ndim > 1 and value.shape[:2] == inputs["mask"].shape and not name.startswith("user")
        fill = -1 if value.dtype == np.int64 else 0
        width = [(0, 0), (0, 1)] + [(0, 0)] * (value.ndim - 2)
        filled[name] = np.pad(value, width, constant_values=fill) if of_candidate else value
    return filled


def check(directory):
    sample = json.loads((directory / "sample.json").read_text())
    for part in ("generator", "evaluator"):
        graph = session(directory / f"{part}.onnx")
        inputs, outputs = tensors(sample[part]["inputs"]), tensors(sample[part]["outputs"])
        close(run(graph, inputs), outputs, part)
        if part == "generator":
            close(run(graph, twice(inputs)), twice(outputs), "generator twice")
        if part == "generator" and "mask" in inputs:
            found, n = run(graph, with_absent(inputs)), inputs["mask"].shape[1]
            assert (found["log_probabilities"][:, n:] < -1e29).all(), "an absent candidate is improbable"
            found = {name: value if name == "positions" else value[:, :n] for name, value in found.items()}
            close(found, outputs, "generator with an absent candidate")


def timed(directory, candidates):
    graph = session(directory / "generator.onnx")
    columns = graph.get_inputs()[0].shape[-1]
    for batch in (1, 64):
        inputs = {"candidate_numbers": np.random.default_rng(0).normal(size=(batch, candidates, columns)).astype(np.float32)}
        times = []
        end = time.perf_counter() + 3
        while time.perf_counter() < end:
            start = time.perf_counter()
            graph.run(None, inputs)
            times.append(time.perf_counter() - start)
        times.sort()
        print(f"batch {batch}: least {times[0] * 1e6:.1f} us, median {times[len(times) // 2] * 1e6:.1f} us")


if __name__ == "__main__":
    if "--time" in sys.argv:
        timed(Path(sys.argv[1]), int(sys.argv[3]))
    else:
        check(Path(sys.argv[1]))
        print("agrees")

"""Times PyTorch and ONNX Runtime on the folder that `measure export` wrote, when told to.

    python benches/rival.py DIR --threads N [--onnx DIR]

First one line of JSON says what can be timed, with which versions, and how far its answers are from ours; an answer that is
off ends the program. Then each line of standard input, such as {"what": "torch generator/1", "seconds": 0.3}, is answered by a
line with nanoseconds of a run. `cargo xtask bench rival` drives it, so that ours and theirs alternate.

PyTorch is written as an engineer would who cares: inference mode, fused attention, the attention of shared positions once per
batch, all eight lists decoded side by side, a fused optimiser. ONNX Runtime runs the files of `nar4rec export`.
"""

import argparse
import json
import os
import struct
import sys
import time

try:
    import numpy as np
except ImportError:  # Neither of the two works without.
    print(json.dumps({"offers": [], "versions": {}, "errors": {}}))
    sys.exit()
try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError:
    torch = None
try:
    import onnxruntime
except ImportError:
    onnxruntime = None

AGREEMENT = 1e-4


def read(path, *shape):
    return np.fromfile(path, "<f4").reshape(shape)


def safetensors(path, prefix):
    """The tensors whose names begin with a prefix, without it: eight bytes of length, a JSON header, the numbers."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(length)), file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for name, about in header.items():
        if name.startswith(prefix):
            start, end = about["data_offsets"]
            numbers = np.frombuffer(data[start:end], "<f4").reshape(about["shape"]).copy()
            tensors[name.removeprefix(prefix)] = torch.from_numpy(numbers)
    return tensors


if torch is not None:

    class SelfAttention(nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            self.heads = heads
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

        def forward(self, x):
            batch, rows, width = x.shape
            q, k, v = self.qkv(x).view(batch, rows, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
            mixed = F.scaled_dot_product_attention(q, k, v)
            return self.out(mixed.transpose(1, 2).reshape(batch, rows, width))

    class CrossAttention(nn.Module):
        def __init__(self, width, heads):
            super().__init__()
            self.heads = heads
            self.q, self.kv, self.out = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)

        def forward(self, x, memory):
            batch, rows, width = x.shape
            q = self.q(x).view(batch, rows, self.heads, -1).transpose(1, 2)
            k, v = self.kv(memory).view(batch, memory.shape[1], 2, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
            mixed = F.scaled_dot_product_attention(q, k, v)
            return self.out(mixed.transpose(1, 2).reshape(batch, rows, width))

    class CandidateBlock(nn.Module):
        def __init__(self, width, heads, inner):
            super().__init__()
            self.attention, self.attention_norm = SelfAttention(width, heads), nn.LayerNorm(width)
            self.feed_forward = nn.ModuleDict({"in": nn.Linear(width, inner), "out": nn.Linear(inner, width)})
            self.feed_forward_norm = nn.LayerNorm(width)

        def attend(self, x):
            return x + self.attention(self.attention_norm(x))

        def feed(self, x):
            inner = self.feed_forward["in"](self.feed_forward_norm(x))
            return x + self.feed_forward["out"](F.gelu(inner, approximate="tanh"))

    class PositionBlock(CandidateBlock):
        def __init__(self, width, heads, inner):
            super().__init__(width, heads, inner)
            self.cross_attention, self.cross_attention_norm = CrossAttention(width, heads), nn.LayerNorm(width)
            self.memory_norm = nn.LayerNorm(width)

        def read(self, x, memory):
            return self.feed(x + self.cross_attention(self.cross_attention_norm(x), self.memory_norm(memory)))

    class Generator(nn.Module):
        def __init__(self, s):
            super().__init__()
            width, block = s["width"], (s["width"], s["heads"], s["feed_forward"])
            self.input = nn.ModuleDict({"candidate": nn.Linear(s["numbers"], width)})
            self.positions = nn.Parameter(torch.zeros(s["positions"], width))
            self.candidate_blocks = nn.ModuleList(CandidateBlock(*block) for _ in range(s["layers"]))
            self.position_blocks = nn.ModuleList(PositionBlock(*block) for _ in range(s["layers"]))
            self.candidate_norm, self.position_norm = nn.LayerNorm(width), nn.LayerNorm(width)

        def forward(self, numbers):
            x = self.input["candidate"](numbers)
            t = self.position_blocks[0].attend(self.positions.unsqueeze(0)).expand(x.shape[0], -1, -1)
            for layer, (candidates, positions) in enumerate(zip(self.candidate_blocks, self.position_blocks)):
                a = candidates.attend(x)
                t = positions.read(t if layer == 0 else positions.attend(t), a)
                x = candidates.feed(a)
            x, t = self.candidate_norm(x), self.position_norm(t)
            return F.log_softmax(x @ t.transpose(1, 2), 1), x, t

    class Evaluator(nn.Module):
        def __init__(self, s):
            super().__init__()
            width, block = s["width"], (s["width"], s["heads"], s["feed_forward"])
            self.input = nn.ModuleDict({"candidate": nn.Linear(s["numbers"], width)})
            self.positions = nn.Parameter(torch.zeros(s["positions"], width))
            self.blocks = nn.ModuleList(CandidateBlock(*block) for _ in range(s["layers"]))
            self.last_norm, self.head = nn.LayerNorm(width), nn.Linear(width, 1)

        def forward(self, numbers, lists):
            """Logits of lists [lists, m] of the candidates of one request, numbers [n, 32]."""
            x = self.input["candidate"](numbers)[lists] + self.positions
            for block in self.blocks:
                x = block.feed(block.attend(x))
            return self.head(self.last_norm(x)).squeeze(-1)

    def load(module, path, prefix):
        module.load_state_dict(safetensors(path, prefix))
        return module

    def contrastive(log_p, states, alphas):
        """A list for each alpha, side by side: [alphas, m]."""
        p, alpha = log_p.exp(), alphas.unsqueeze(1)
        unit = F.normalize(states, dim=-1)
        cosines = unit @ unit.T
        weighted = (1 - alpha).unsqueeze(2) * p
        alike = torch.zeros(len(alphas), len(p))
        taken = torch.zeros_like(alike)
        chosen = []
        for position in range(p.shape[1]):
            best = (weighted[:, :, position] - alpha * alike + taken).argmax(1)
            chosen.append(best)
            taken.scatter_(1, best.unsqueeze(1), -torch.inf)
            alike = cosines[best] if position == 0 else torch.maximum(alike, cosines[best])
        return torch.stack(chosen, 1)

    def hinges(states, margin):
        unit = F.normalize(states, dim=-1)
        hinge = (margin - 1 + unit @ unit.transpose(1, 2)).clamp_min(0)
        count = states.shape[1]
        return (hinge.sum((1, 2)) - hinge.diagonal(dim1=1, dim2=2).sum(1)) / (count * (count - 1))

    def loss_of(generator, numbers, good, training):
        log_p, x, t = generator(numbers)
        shown = log_p[:, : log_p.shape[2]].diagonal(dim1=1, dim2=2)
        unlike = (1 - shown.exp()).clamp_min(1e-5).log()
        of_list = -torch.where(good.unsqueeze(1), shown, unlike).sum(1)
        apart = hinges(x, training["margin"]) + hinges(t, training["margin"])
        return (of_list + training["contrastive_weight"] * apart).mean()


def agree(what, found, expected):
    error = float(np.abs(np.asarray(found) - np.asarray(expected)).max())
    if not error <= AGREEMENT:
        sys.exit(f"{what}: the answers differ by {error:.2e}, more than {AGREEMENT:.0e}")
    return error


def torch_tasks(folder, s, tasks, errors):
    generator = load(Generator(s), f"{folder}/model/model.safetensors", "generator.").eval()
    evaluator = load(Evaluator(s), f"{folder}/model/model.safetensors", "evaluator.").eval()
    n, m, count = s["candidates"], s["positions"], s["requests"]
    requests = torch.from_numpy(read(f"{folder}/requests.f32", count, n, s["numbers"]))
    lists, alphas = torch.tensor(s["lists"]), torch.tensor(s["alphas"], dtype=torch.float32)
    first = requests[:1]

    def choose():
        log_p, x, _ = generator(first)
        found = contrastive(log_p[0], x[0], alphas)
        utilities = evaluator(first[0], found).sigmoid().sum(1)
        best = utilities.argmax()
        return found[best], utilities[best]

    with torch.inference_mode():
        expected = read(f"{folder}/log_probabilities.f32", count, n, m)
        errors["torch generator"] = agree("torch generator", generator(requests)[0], expected)
        expected = read(f"{folder}/probabilities.f32", len(s["lists"]), m)
        errors["torch evaluator"] = agree("torch evaluator", evaluator(first[0], lists).sigmoid(), expected)
        chosen, utility = choose()
        if chosen.tolist() != s["chosen"]:
            sys.exit(f"torch choice: {chosen.tolist()}, ours is {s['chosen']}")
        errors["torch choice"] = agree("torch choice", utility, s["utility"])
    tasks[f"torch generator/{count}"] = torch.inference_mode()(lambda: generator(requests))
    tasks["torch generator/1"] = torch.inference_mode()(lambda: generator(first))
    tasks[f"torch evaluator/{len(s['lists'])}"] = torch.inference_mode()(lambda: evaluator(first[0], lists))
    tasks["torch choice/1"] = torch.inference_mode()(choose)


def training_task(folder, s, threads, tasks, errors):
    training = s["training"]
    if training["loss"] is None:
        return
    generator = load(Generator(s), f"{folder}/fresh/model.safetensors", "generator.")
    numbers = torch.from_numpy(read(f"{folder}/training.f32", training["lists"], s["candidates"], s["numbers"]))
    labels = torch.from_numpy(read(f"{folder}/labels.f32", training["lists"], s["positions"]))
    good = labels.sum(1) >= training["threshold"]
    loss = loss_of(generator, numbers, good, training).item()
    errors["torch training"] = agree("torch training", loss, training["loss"])
    # A rate that leaves the parameters what they are: the work is the same.
    optimiser = torch.optim.AdamW(
        generator.parameters(), lr=1e-9, weight_decay=training["weight_decay"], fused=True
    )

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss_of(generator, numbers, good, training).backward()
        nn.utils.clip_grad_norm_(generator.parameters(), training["clip_norm"])
        optimiser.step()

    tasks[f"torch training/{threads}"] = step


def onnx_tasks(folder, s, exported, threads, tasks, errors):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1

    def session(name):
        return onnxruntime.InferenceSession(f"{exported}/{name}.onnx", options, providers=["CPUExecutionProvider"])

    generator, evaluator = session("generator"), session("evaluator")
    n, m, count = s["candidates"], s["positions"], s["requests"]
    requests, lists = read(f"{folder}/requests.f32", count, n, s["numbers"]), np.array(s["lists"])

    def generate(numbers):
        return generator.run(["log_probabilities"], {"candidate_numbers": numbers})[0]

    def evaluate():
        return evaluator.run(["probabilities"], {"candidate_numbers": requests[:1], "lists": lists})[0]

    expected = read(f"{folder}/log_probabilities.f32", count, n, m)
    errors["onnx generator"] = agree("onnx generator", generate(requests), expected)
    expected = read(f"{folder}/probabilities.f32", len(lists), m, 1)
    errors["onnx evaluator"] = agree("onnx evaluator", evaluate(), expected)
    tasks[f"onnx generator/{count}"] = lambda: generate(requests)
    tasks["onnx generator/1"] = lambda: generate(requests[:1])
    tasks[f"onnx evaluator/{len(lists)}"] = evaluate


def timed(run, seconds):
    samples, end = [], time.perf_counter() + seconds
    while not samples or time.perf_counter() < end:
        start = time.perf_counter_ns()
        run()
        samples.append(time.perf_counter_ns() - start)
    samples.sort()
    return {"least": samples[0], "median": samples[len(samples) // 2], "samples": len(samples)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--onnx")
    given = parser.parse_args()
    with open(os.path.join(given.folder, "sample.json")) as file:
        sample = json.load(file)
    tasks, errors, versions = {}, {}, {}
    if torch is not None:
        torch.set_num_threads(given.threads)
        versions["torch"] = torch.__version__
        torch_tasks(given.folder, sample, tasks, errors)
        training_task(given.folder, sample, given.threads, tasks, errors)
    if onnxruntime is not None and given.onnx is not None:
        versions["onnxruntime"] = onnxruntime.__version__
        onnx_tasks(given.folder, sample, given.onnx, given.threads, tasks, errors)
    print(json.dumps({"offers": list(tasks), "versions": versions, "errors": errors}), flush=True)
    for run in tasks.values():
        run()
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(timed(tasks[asked["what"]], asked["seconds"])), flush=True)


if __name__ == "__main__":
    main()

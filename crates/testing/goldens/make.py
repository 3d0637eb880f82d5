#!/usr/bin/env python3
"""The reference numbers: an independent PyTorch version of generator, evaluator, losses and optimiser (SPEC 1, 2, 4).

    python make.py        rewrites the .safetensors files and about.json beside this script

It differs from the Rust crates where two versions of one thing can differ: requests are padded to one length and
masked with -inf where Rust keeps ragged rows, user features are concatenated to every candidate's where Rust adds two
products, gradients and the optimiser are PyTorch's own, and everything runs in float64. Padding holds arbitrary numbers,
so these goldens also say that padded and masked equals ragged. Parameters have the names of the Rust registry:
`load_state_dict` takes the weights of a trained model.

All draws come from numpy's PCG64 and are rounded to float32 before use, so that both sides begin at the same numbers;
results are computed in float64 and rounded to float32 when stored. Where a number decides a branch (a hinge, a ReLU), the
script refuses data that float32 could see on the other side.

Shapes: B requests, N the most candidates of one, m positions, d width; R rows are all candidates of a batch.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from torch import nn

SEED = 20240806
HERE = Path(__file__).parent

# What is drawn must be this far from every kink: float32 is off by some 1e-6 there.
KINK_MARGIN = 2e-5

# ---------------------------------------------------------------------------------------------------------- features

# Numbers, bags of several ids, one table that user and candidate share, and their element-wise product.
FULL = {
    "user_numbers": 2,
    "candidate_numbers": 3,
    "tables": [{"name": "item", "rows": 9, "dim": 4}, {"name": "genre", "rows": 6, "dim": 3}],
    "user_bags": [0],
    "candidate_bags": [0, 1],
    "interactions": [[0, 0]],
}

# No user, no table: the input layer is one product.
NUMBERS = {
    "user_numbers": 0,
    "candidate_numbers": 3,
    "tables": [],
    "user_bags": [],
    "candidate_bags": [],
    "interactions": [],
}


def draw_bags(rng, table, sizes):
    """Bags of these sizes: where each begins, and the ids."""
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    return {"offsets": offsets.astype(np.uint32), "ids": rng.integers(0, table["rows"], offsets[-1]).astype(np.uint32)}


def draw_batch(rng, spec, lengths):
    """A ragged batch, as the Rust side holds it: requests of these numbers of candidates."""
    requests, rows = len(lengths), sum(lengths)
    # The first bag of every feature is empty, so that empty bags are always tried.
    user_sizes = [[0, *rng.integers(1, 5, requests - 1)] for _ in spec["user_bags"]]
    candidate_sizes = [
        np.ones(rows, int) if place == 0 else [0, *rng.integers(0, 4, rows - 1)]
        for place, _ in enumerate(spec["candidate_bags"])
    ]
    return {
        "request_offsets": np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint32),
        "user_numbers": rng.standard_normal((requests, spec["user_numbers"])).astype(np.float32),
        "candidate_numbers": rng.standard_normal((rows, spec["candidate_numbers"])).astype(np.float32),
        "user_bags": [
            draw_bags(rng, spec["tables"][table], sizes) for table, sizes in zip(spec["user_bags"], user_sizes)
        ],
        "candidate_bags": [
            draw_bags(rng, spec["tables"][table], sizes) for table, sizes in zip(spec["candidate_bags"], candidate_sizes)
        ],
    }


@dataclass
class Padded:
    """The same batch, padded. A bag is (ids [..., K], which of them count [..., K])."""

    mask: torch.Tensor  # [B, N], true where there is a candidate
    user_numbers: torch.Tensor  # [B, U]
    candidate_numbers: torch.Tensor  # [B, N, C]
    user_bags: list
    candidate_bags: list


def pad_bags(bags, most):
    ids, counts = torch.zeros(len(bags["offsets"]) - 1, most, dtype=torch.long), np.diff(bags["offsets"])
    for row, (start, count) in enumerate(zip(bags["offsets"], counts)):
        ids[row, :count] = torch.from_numpy(bags["ids"][start : start + count].astype(np.int64))
    return ids, torch.arange(most) < torch.from_numpy(counts.astype(np.int64))[:, None]


def pad(batch, junk):
    """Pads a batch; numbers of the padding are drawn from the generator `junk`."""
    lengths = np.diff(batch["request_offsets"])
    mask = torch.arange(int(lengths.max())) < torch.from_numpy(lengths.astype(np.int64))[:, None]
    numbers = torch.from_numpy(10 * junk.standard_normal((*mask.shape, batch["candidate_numbers"].shape[1])))
    numbers[mask] = torch.from_numpy(batch["candidate_numbers"]).double()

    def pad_candidates(bags):
        most = max(1, int(np.diff(bags["offsets"]).max()))
        ids, counts = pad_bags(bags, most)
        padded_ids, padded_counts = torch.zeros(*mask.shape, most, dtype=torch.long), torch.ones(*mask.shape, most) > 0
        padded_ids[mask], padded_counts[mask] = ids, counts
        return padded_ids, padded_counts

    return Padded(
        mask=mask,
        user_numbers=torch.from_numpy(batch["user_numbers"]).double(),
        candidate_numbers=numbers,
        user_bags=[pad_bags(bags, max(1, int(np.diff(bags["offsets"]).max()))) for bags in batch["user_bags"]],
        candidate_bags=[pad_candidates(bags) for bags in batch["candidate_bags"]],
    )


# ------------------------------------------------------------------------------------------------------------ models


def mean_of_bag(table, bag):
    """The mean of the rows that count; zeros for an empty bag."""
    ids, counts = bag
    rows = F.embedding(ids, table) * counts[..., None]
    return rows.sum(-2) / counts.sum(-1, keepdim=True).clamp(min=1)


class FeatureEmbedding(nn.Module):
    """[candidate | user] -> d; the weight stands in two parts."""

    def __init__(self, spec, width):
        super().__init__()
        self.spec = spec
        dims = [table["dim"] for table in spec["tables"]]
        self.tables = nn.ParameterDict(
            {table["name"]: nn.Parameter(torch.zeros(table["rows"], table["dim"])) for table in spec["tables"]}
        )
        user = spec["user_numbers"] + sum(dims[table] for table in spec["user_bags"])
        products = sum(dims[spec["user_bags"][left]] for left, _ in spec["interactions"])
        candidate = spec["candidate_numbers"] + sum(dims[table] for table in spec["candidate_bags"]) + products
        self.user = nn.Linear(user, width, bias=False) if user else None
        self.candidate = nn.Linear(candidate, width)

    def forward(self, batch):
        tables = [self.tables[table["name"]] for table in self.spec["tables"]]
        user_bags = [mean_of_bag(tables[t], bag) for t, bag in zip(self.spec["user_bags"], batch.user_bags)]
        bags = [mean_of_bag(tables[t], bag) for t, bag in zip(self.spec["candidate_bags"], batch.candidate_bags)]
        products = [user_bags[left][:, None] * bags[right] for left, right in self.spec["interactions"]]
        inputs, weight = torch.cat([batch.candidate_numbers, *bags, *products], -1), self.candidate.weight
        if self.user is not None:
            user = torch.cat([batch.user_numbers, *user_bags], -1)
            inputs = torch.cat([inputs, user[:, None].expand(-1, inputs.shape[1], -1)], -1)
            weight = torch.cat([weight, self.user.weight], 1)
        return F.linear(inputs, weight, self.candidate.bias)


def attend(q, k, v, heads, key_mask):
    """Scaled dot-product attention of q [B, Q, d] to k and v [B, K, d]; key_mask [B, K] is false on padding."""

    def split(x):
        return x.unflatten(-1, (heads, -1)).transpose(1, 2)

    q, k, v = split(q), split(k), split(v)
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    scores = scores.masked_fill(~key_mask[:, None, None, :], -math.inf)
    return (scores.softmax(-1) @ v).transpose(1, 2).flatten(-2)


class SelfAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        width = config["width"]
        self.heads = config["heads"]
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x, mask):
        return self.out(attend(*self.qkv(x).chunk(3, -1), self.heads, mask))


class CrossAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        width = config["width"]
        self.heads = config["heads"]
        self.q, self.kv, self.out = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)

    def forward(self, x, memory, mask):
        return self.out(attend(self.q(x), *self.kv(memory).chunk(2, -1), self.heads, mask))


def layer_norm(width):
    return nn.LayerNorm(width, eps=1e-5)


class Block(nn.Module):
    """What both kinds of block share: a feed-forward layer, and sums with a normalisation where it is configured."""

    def __init__(self, config, sublayers):
        super().__init__()
        self.config = config
        self.attention = SelfAttention(config)
        inner, width = config["feed_forward"], config["width"]
        self.feed_forward = nn.ModuleDict({"in": nn.Linear(width, inner), "out": nn.Linear(inner, width)})
        if config["norm"] != "none":
            for name in sublayers:
                self.add_module(f"{name}_norm", layer_norm(width))

    def around(self, name, x, sublayer):
        match self.config["norm"]:
            case "pre":
                return x + sublayer(self.get_submodule(f"{name}_norm")(x))
            case "post":
                return self.get_submodule(f"{name}_norm")(x + sublayer(x))
            case "none":
                return x + sublayer(x)

    def attend(self, x, mask):
        return self.around("attention", x, lambda x: self.attention(x, mask))

    def feed(self, x):
        return self.around("feed_forward", x, self.feed_forward_of)

    def feed_forward_of(self, x):
        inner = self.feed_forward["in"](x)
        if self.config["activation"] == "relu":
            far_from_kink(inner)
            return self.feed_forward["out"](F.relu(inner))
        return self.feed_forward["out"](F.gelu(inner, approximate="tanh"))


class CandidateBlock(Block):
    def __init__(self, config):
        super().__init__(config, ["attention", "feed_forward"])


class PositionBlock(Block):
    def __init__(self, config):
        super().__init__(config, ["attention", "cross_attention", "feed_forward"])
        self.cross_attention = CrossAttention(config)
        self.memory_norm = layer_norm(config["width"]) if config["norm"] == "pre" else None

    def read(self, t, memory, mask):
        if self.memory_norm is not None:
            memory = self.memory_norm(memory)
        return self.around("cross_attention", t, lambda t: self.cross_attention(t, memory, mask))


class Generator(nn.Module):
    """SPEC 1. Gives log P [B, N, m], candidate states [B, N, d] and position states [B, m, d]."""

    def __init__(self, spec, config):
        super().__init__()
        self.config = config
        width, m = config["width"], config["list_length"]
        self.input = FeatureEmbedding(spec, width)
        if config["positions"] == "shared":
            self.positions = nn.Parameter(torch.zeros(m, width))
        else:
            self.positions = nn.Linear(width, m * width, bias=False)
        self.candidate_blocks = nn.ModuleList(CandidateBlock(config) for _ in range(config["layers"]))
        self.position_blocks = nn.ModuleList(PositionBlock(config) for _ in range(config["layers"]))
        if config["norm"] == "pre":
            self.candidate_norm, self.position_norm = layer_norm(width), layer_norm(width)

    def first_positions(self, x, mask):
        if self.config["positions"] == "shared":
            return self.positions.expand(len(x), -1, -1)
        mean = (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return self.positions(mean).unflatten(-1, (self.config["list_length"], -1))

    def forward(self, batch):
        x = self.input(batch)
        t = self.first_positions(x, batch.mask)
        same_layer = []
        for block in self.candidate_blocks:
            a = block.attend(x, batch.mask)
            same_layer.append(a)
            x = block.feed(a)
        memories = same_layer if self.config["cross_source"] == "same_layer" else [x] * len(same_layer)
        every_position = torch.ones(t.shape[:2]) > 0
        for block, memory in zip(self.position_blocks, memories):
            b = block.attend(t, every_position)
            c = block.read(b, memory, batch.mask)
            t = block.feed(c)
        if self.config["norm"] == "pre":
            x, t = self.candidate_norm(x), self.position_norm(t)
        logits = (x @ t.transpose(1, 2)).masked_fill(~batch.mask[..., None], -math.inf)
        return F.log_softmax(logits, 1), x, t


class Likeness(nn.Module):
    """What places are told of how alike their items are to those above: by distance, the cosine in a learned space."""

    def __init__(self, width, numbers, list_length):
        super().__init__()
        self.reach = list_length - 1
        self.space, self.told = nn.Linear(width, numbers, bias=False), nn.Linear(self.reach, width)

    def forward(self, x, mask):
        u = self.space(x)
        cosines = F.cosine_similarity(u[:, :, None], u[:, None], dim=-1, eps=0.0)  # [lists, place, other]
        far_from_kink(cosines[mask[:, :, None] & mask[:, None]])
        places = torch.arange(x.shape[1])
        alike = torch.zeros(*x.shape[:2], self.reach, dtype=x.dtype)
        for back in range(1, min(self.reach + 1, x.shape[1])):
            alike[:, back:, back - 1] = cosines[:, places[back:], places[:-back]].clamp(min=0)
        return self.told(alike)


class Evaluator(nn.Module):
    """SPEC 4. Gives the logits of every place of every list, [lists, M, kinds]."""

    def __init__(self, spec, config, list_length):
        super().__init__()
        self.config = config
        width = config["width"]
        self.input = FeatureEmbedding(spec, width)
        self.positions = nn.Parameter(torch.zeros(list_length, width))
        numbers = config.get("likeness", 0)
        self.likeness = Likeness(width, numbers, list_length) if numbers else None
        self.blocks = nn.ModuleList(CandidateBlock(config) for _ in range(config["layers"]))
        self.last_norm = layer_norm(width) if config["norm"] == "pre" else None
        self.head = nn.Linear(width, len(config["feedback"]))

    def forward(self, batch, shown, mask):
        """`shown` [lists, M, 2] is request and candidate of each place, `mask` [lists, M] which places there are."""
        states = self.input(batch)[shown[..., 0], shown[..., 1]]
        x = states + self.positions[: shown.shape[1]]
        if self.likeness is not None:
            x = x + self.likeness(states, mask)
        for block in self.blocks:
            x = block.feed(block.attend(x, mask))
        return self.head(x if self.last_norm is None else self.last_norm(x))


def draw_parameters(rng, model):
    """Numbers of a size that a trained model could have; no bias is zero, no gain one, so that each is noticed."""
    model.double()
    for name, parameter in model.named_parameters():
        if is_matrix(model, name):
            bound, centre = 1 / math.sqrt(parameter.shape[1]), 0.0
        else:
            bound, centre = (0.7 if parameter.ndim == 2 else 0.3), float("norm.weight" in name)
        drawn = centre + bound * rng.uniform(-1, 1, parameter.shape)
        parameter.data = torch.from_numpy(drawn.astype(np.float32)).double()


def is_matrix(model, name):
    """Whether a parameter is the weight of a linear map: only those are decayed."""
    module, _, leaf = name.rpartition(".")
    return leaf == "weight" and isinstance(model.get_submodule(module), nn.Linear)


# ------------------------------------------------------------------------------------------------------------ losses


def far_from_kink(values):
    """Refuses numbers so near to zero that rounding could decide their sign."""
    nearest = values.detach().abs().min()
    if nearest < KINK_MARGIN:
        raise ValueError(f"{nearest} stands at a kink: choose another seed")


def likelihood(log_p, shown, weights):
    return -sum(w * log_p[candidate, place] for place, (candidate, w) in enumerate(zip(shown, weights)))


def unlikelihood(log_p, shown, weights):
    rest = [(1 - log_p[candidate, place].exp()).clamp(min=1e-5) for place, candidate in enumerate(shown)]
    return -sum(w * r.log() for r, w in zip(rest, weights))


def contrastive(states, margin):
    """The mean over i != j of max(0, margin - 1 + cos); zero for a single state."""
    pairs = ~torch.eye(len(states), dtype=torch.bool)
    if not pairs.any():
        return states.sum() * 0.0
    cosine = F.cosine_similarity(states[:, None], states[None], dim=-1, eps=0.0)
    hinge = (margin - 1 + cosine)[pairs]
    far_from_kink(hinge)
    return hinge.clamp(min=0).mean()


def generator_loss(outputs, batch, targets, objective):
    """1/B of the sum over requests of (un)likelihood + omega (L_item + L_position)."""
    log_p, x, t = outputs
    losses, hinges = [], []
    for request, (shown, positive) in enumerate(targets):
        states = x[request][batch.mask[request]]
        terms = [contrastive(states, objective["margin"]), contrastive(t[request], objective["margin"])]
        fit = likelihood if positive else unlikelihood
        losses.append(fit(log_p[request], shown, [1.0] * len(shown)) + objective["omega"] * sum(terms))
        hinges.append([float(term.detach()) for term in terms])
    if not (np.array(hinges).sum(0) > 0).all():
        raise ValueError("no pair of states is close enough: the contrastive terms would not be seen")
    return sum(losses) / len(losses)


def evaluator_loss(logits, labels):
    """The mean binary cross-entropy over the labels that were observed; the others are NaN."""
    observed = ~labels.isnan()
    return F.binary_cross_entropy_with_logits(logits[observed], labels[observed])


# ------------------------------------------------------------------------------------------------------------- cases


def draw_targets(rng, lengths, m):
    """A shown list per request, as long as there are candidates; the first is positive, the second negative."""
    lists = [[int(candidate) for candidate in rng.permutation(n)[:m]] for n in lengths]
    return [(shown, request % 2 == 0) for request, shown in enumerate(lists)]


def generator_case(rng, spec, config, lengths):
    batch = draw_batch(rng, spec, lengths)
    return batch, draw_targets(rng, lengths, config["list_length"])


def run_generator(model, rng, batch, targets, objective):
    """Loss and ragged outputs; padded twice with different numbers, which must not matter."""
    padded = pad(batch, rng)
    outputs = model(padded)
    with torch.no_grad():
        again = model(pad(batch, rng))
    mask = padded.mask
    for one, other, rows in zip(outputs, again, [mask, mask, slice(None)]):
        assert torch.equal(one[rows], other[rows]), "padding changed a result"
    log_p, x, t = outputs
    ragged = {"log_probabilities": log_p[mask], "candidates": x[mask], "positions": t.flatten(0, 1)}
    return generator_loss(outputs, padded, targets, objective), ragged


def evaluator_case(rng, spec, config, lengths, list_length):
    """Two lists of the first request and one of each other; some labels soft, some not observed."""
    batch = draw_batch(rng, spec, lengths)
    # A request whose number is odd shows one item less.
    lists = [
        [(request, int(candidate)) for candidate in rng.permutation(lengths[request])[: list_length - request % 2]]
        for request in [0, *range(len(lengths))]
    ]
    labels = rng.integers(0, 2, (sum(map(len, lists)), len(config["feedback"]))).astype(np.float32)
    kind = rng.uniform(size=labels.shape)
    labels[kind < 0.2] = 0.25
    labels[kind > 0.8] = np.nan
    return batch, lists, labels


def run_evaluator(model, rng, batch, lists, labels):
    """Loss and ragged logits."""
    longest = max(map(len, lists))
    shown = torch.tensor([places + [(0, 0)] * (longest - len(places)) for places in lists])
    mask = torch.arange(longest) < torch.tensor([len(places) for places in lists])[:, None]
    logits = model(pad(batch, rng), shown, mask)[mask]
    return evaluator_loss(logits, torch.from_numpy(labels).double()), {"logits": logits}


# ------------------------------------------------------------------------------------------------------------- files


def batch_tensors(prefix, batch):
    tensors = {f"{prefix}.{name}": batch[name] for name in ["request_offsets", "user_numbers", "candidate_numbers"]}
    for side in ["user_bags", "candidate_bags"]:
        for index, bags in enumerate(batch[side]):
            tensors |= {f"{prefix}.{side}.{index}.{name}": values for name, values in bags.items()}
    return tensors


def ragged(prefix, lists):
    offsets = np.concatenate([[0], np.cumsum([len(places) for places in lists])])
    return {
        f"{prefix}.offsets": offsets.astype(np.uint32),
        f"{prefix}.rows": np.array([row for places in lists for row in places], np.uint32),
    }


def target_tensors(prefix, targets):
    """Shown candidates, by their place in the request, and which lists are positive."""
    positive = np.array([positive for _, positive in targets], np.uint32)
    return ragged(f"{prefix}.shown", [shown for shown, _ in targets]) | {f"{prefix}.positive": positive}


def list_tensors(prefix, batch, lists, labels):
    """Lists by the rows of the batch."""
    starts = batch["request_offsets"]
    rows = [[int(starts[request]) + candidate for request, candidate in places] for places in lists]
    return ragged(f"{prefix}.lists", rows) | {f"{prefix}.labels": labels}


def narrow(tensors):
    return {name: tensor.detach().numpy().astype(np.float32) for name, tensor in tensors.items()}


def prefixed(prefix, tensors):
    return narrow({f"{prefix}.{name}": tensor for name, tensor in tensors.items()})


def finish(name, model, loss, outputs, tensors):
    """Adds parameters, gradients, outputs and loss, and writes the file."""
    loss.backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    tensors |= prefixed("parameters", dict(model.named_parameters())) | prefixed("gradients", gradients)
    tensors |= prefixed("outputs", outputs) | {"loss": narrow({"": loss})[""].reshape(1)}
    write(name, tensors)


def write(name, tensors):
    save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, HERE / f"{name}.safetensors")


# ----------------------------------------------------------------------------------------------------- configurations

BLOCK = {"width": 8, "layers": 2, "heads": 2, "feed_forward": 12, "dropout": 0.0, "norm": "pre", "activation": "gelu"}
MATCHING = BLOCK | {"list_length": 4, "cross_source": "same_layer", "positions": "shared"}
KINDS = [
    {"name": "click", "weight": 1.0, "scale": 1.0},
    {"name": "like", "weight": 2.0, "scale": 1.0},
    {"name": "play_seconds", "weight": 0.5, "scale": 30.0},
]

# Each value of each switch twice or more; not the full product.
GENERATORS = {
    "pre": (FULL, {"width": 16, "feed_forward": 32}, 1.1),
    "pre_final_candidates": (FULL, {"cross_source": "final", "positions": "candidates", "activation": "relu"}, 1.1),
    "post_final": (FULL, {"norm": "post", "cross_source": "final", "activation": "relu", "heads": 4}, 1.1),
    "post_candidates": (FULL, {"norm": "post", "positions": "candidates"}, 1.1),
    "none_numbers": (NUMBERS, {"norm": "none", "heads": 1}, 0.4),
}
EVALUATORS = {
    "pre": (FULL, {"width": 16, "feed_forward": 32, "feedback": KINDS[:2]}),
    "post_numbers": (NUMBERS, {"norm": "post", "activation": "relu", "feedback": KINDS[:1]}),
    "none": (FULL, {"norm": "none", "heads": 4, "feedback": KINDS}),
}
# Drawn after everything else, so that what was drawn before it came stays what it was.
LAST_EVALUATORS = {"likeness": (FULL, {"likeness": 5, "feedback": KINDS[:1]})}
# More candidates than positions, fewer, as many, and a single one.
LENGTHS = [6, 2, 4, 1]
LIST_LENGTH = 4
OPTIMISER = {
    "learning_rate": 1e-3,
    "beta1": 0.9,
    "beta2": 0.999,
    "epsilon": 1e-8,
    "weight_decay": 0.01,
    "clip_norm": 1.0,
}


def make_generators(rng):
    entries = []
    for name, (spec, changes, margin) in GENERATORS.items():
        config, objective = MATCHING | changes, {"margin": margin, "omega": 0.3}
        model = Generator(spec, config)
        draw_parameters(rng, model)
        batch, targets = generator_case(rng, spec, config, LENGTHS)
        loss, outputs = run_generator(model, rng, batch, targets, objective)
        tensors = batch_tensors("batch", batch) | target_tensors("targets", targets)
        finish(f"generator_{name}", model, loss, outputs, tensors)
        entries.append({"name": name, "spec": spec, "config": config, "objective": objective})
    return entries


def make_evaluators(rng, configurations):
    entries = []
    for name, (spec, changes) in configurations.items():
        config = BLOCK | changes
        model = Evaluator(spec, config, LIST_LENGTH)
        draw_parameters(rng, model)
        batch, lists, labels = evaluator_case(rng, spec, config, LENGTHS, LIST_LENGTH)
        loss, outputs = run_evaluator(model, rng, batch, lists, labels)
        tensors = batch_tensors("batch", batch) | list_tensors("targets", batch, lists, labels)
        finish(f"evaluator_{name}", model, loss, outputs, tensors)
        entries.append({"name": name, "spec": spec, "config": config, "list_length": LIST_LENGTH})
    return entries


# ------------------------------------------------------------------------------------------------------------- losses


def make_losses(rng):
    """Each loss alone: its value and the gradient of what it is given. Tensors are CASE.{input, ..., loss, gradient}."""
    tensors = {}

    def case(name, values, loss_of, **given):
        x = torch.from_numpy(values.astype(np.float32)).double().requires_grad_()
        loss = loss_of(x)
        loss.backward()
        known = {f"{name}.{key}": np.asarray(value) for key, value in given.items()}
        tensors.update(known | prefixed(name, {"input": x, "gradient": x.grad}))
        tensors[f"{name}.loss"] = np.array([loss.item()], np.float32)

    logits = 2 * rng.standard_normal((5, 4))
    # The first shown item is probable; the last has all the probability, so that 1 - P is clamped.
    logits[3, 0], logits[1, 3] = 5.0, 40.0
    log_p = np.log(torch.from_numpy(logits).softmax(0).numpy())
    shown, weights = np.array([3, 0, 4, 1], np.uint32), np.array([1.0, 0.5, 2.0, 1.5], np.float32)
    for name, loss in [("likelihood", likelihood), ("unlikelihood", unlikelihood)]:
        case(name, log_p, lambda x: loss(x, shown, weights.astype(float)), shown=shown, weights=weights)
    states = rng.standard_normal((7, 5)) + 0.5
    for name, margin in [("contrastive_narrow", 0.4), ("contrastive_wide", 1.2)]:
        case(name, states, lambda x: contrastive(x, margin), margin=np.array([margin], np.float32))
    labels = rng.integers(0, 2, (6, 3)).astype(np.float32)
    labels[1], labels[2, 1:], labels[5, 0] = [0.25, 0.5, 1.0], np.nan, np.nan
    case(
        "cross_entropy",
        3 * rng.standard_normal(labels.shape),
        lambda x: evaluator_loss(x, torch.from_numpy(labels).double()),
        labels=labels,
    )
    write("losses", tensors)


# ---------------------------------------------------------------------------------------------------------- ten steps


def adam(model):
    """AdamW that decays the matrices only."""
    named = list(model.named_parameters())
    o = OPTIMISER
    groups = [
        {"params": [p for name, p in named if is_matrix(model, name)], "weight_decay": o["weight_decay"]},
        {"params": [p for name, p in named if not is_matrix(model, name)], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=o["learning_rate"], betas=(o["beta1"], o["beta2"]), eps=o["epsilon"])


def ten_steps(name, model, batches, loss_of):
    """Ten steps, one batch each; `loss_of` gives a batch's loss. Stores losses and gradient norms before each step."""
    tensors = prefixed("parameters", dict(model.named_parameters()))
    optimiser, losses, norms = adam(model), [], []
    for index, (store, given) in enumerate(batches):
        optimiser.zero_grad()
        loss = loss_of(*given)
        loss.backward()
        norms.append(float(nn.utils.clip_grad_norm_(model.parameters(), OPTIMISER["clip_norm"])))
        losses.append(loss.item())
        optimiser.step()
        tensors |= store(f"steps.{index}")
    clipped = sum(norm > OPTIMISER["clip_norm"] for norm in norms)
    print(f"{name}: losses {losses[0]:.4f} to {losses[-1]:.4f}, {clipped} of {len(norms)} steps clipped")
    tensors |= prefixed("final", dict(model.named_parameters()))
    tensors |= {"losses": np.array(losses, np.float32), "norms": np.array(norms, np.float32)}
    write(name, tensors)


def make_ten_generator_steps(rng):
    config, objective = MATCHING, {"margin": 1.1, "omega": 0.3}
    model = Generator(FULL, config)
    draw_parameters(rng, model)
    batches = []
    for _ in range(10):
        lengths = [int(n) for n in rng.integers(2, 7, 3)]
        batch, targets = generator_case(rng, FULL, config, lengths)

        def store(prefix, batch=batch, targets=targets):
            return batch_tensors(f"{prefix}.batch", batch) | target_tensors(f"{prefix}.targets", targets)

        batches.append((store, (batch, targets)))
    ten_steps("ten_steps_generator", model, batches, lambda b, t: run_generator(model, rng, b, t, objective)[0])
    return {"name": "generator", "spec": FULL, "config": config, "objective": objective}


def make_ten_evaluator_steps(rng):
    config = BLOCK | {"feedback": KINDS[:2]}
    model = Evaluator(FULL, config, LIST_LENGTH)
    draw_parameters(rng, model)
    batches = []
    for _ in range(10):
        lengths = [int(n) for n in rng.integers(2, 7, 2)]
        batch, lists, labels = evaluator_case(rng, FULL, config, lengths, LIST_LENGTH)

        def store(prefix, batch=batch, lists=lists, labels=labels):
            stored = batch_tensors(f"{prefix}.batch", batch)
            return stored | list_tensors(f"{prefix}.targets", batch, lists, labels)

        batches.append((store, (batch, lists, labels)))
    ten_steps("ten_steps_evaluator", model, batches, lambda b, s, y: run_evaluator(model, rng, b, s, y)[0])
    return {"name": "evaluator", "spec": FULL, "config": config, "list_length": LIST_LENGTH}


def main():
    torch.set_num_threads(1)
    rng = np.random.default_rng(SEED)
    about = {
        "script": "make.py",
        "script_sha256": hashlib.sha256(Path(__file__).read_bytes()).hexdigest(),
        "seed": SEED,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "safetensors": safetensors.__version__,
        "generators": make_generators(rng),
        "evaluators": make_evaluators(rng, EVALUATORS),
    }
    make_losses(rng)
    about["ten_steps"] = {
        "optimiser": OPTIMISER,
        "generator": make_ten_generator_steps(rng),
        "evaluator": make_ten_evaluator_steps(rng),
    }
    about["evaluators"] += make_evaluators(rng, LAST_EVALUATORS)
    (HERE / "about.json").write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()

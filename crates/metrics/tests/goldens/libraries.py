"""Writes libraries.json beside this file: the corner cases of metrics by ir_measures (which asks trec_eval), ranx,
scikit-learn and SciPy, SciPy's paired bootstrap and its Kendall τ-b.

    python crates/metrics/tests/goldens/libraries.py

metrics.py has the plain cases. Here lists hold equal scores, no positive, nothing but positives, or fewer items than k.

The conventions of the libraries:
  P@k, Recall@k   hits / k and hits / positives, also for lists shorter than k: all agree
  F1@k            ranx: 0 where there is no hit
  nDCG@k          linear gain, discount 1 / log2(place + 1), ideal over all judged items: all agree
  AP@k            trec_eval and ranx divide by the number of positives, so that with more positives than k no list reaches 1;
                  nar4rec divides by min(k, positives), as recommendation challenges do. The file holds theirs.
  no positive     ranx, trec_eval and scikit-learn say 0, which lowers a mean; nar4rec leaves the list out and counts it
  equal scores    trec_eval orders them by item, ranx by its sort, scikit-learn gives nDCG its mean over their orders. Only the
                  last is a property of the scores, so it is the golden here; all others are asked about orders without ties
"""
import json
import os
from importlib.metadata import version

import ir_measures
import numpy as np
import ranx
from ir_measures import AP, P, R, nDCG
from scipy.stats import bootstrap, kendalltau, mannwhitneyu
from sklearn.metrics import log_loss, ndcg_score, roc_auc_score

SEED, CUTOFFS = 20240812, (1, 3, 6, 10)
rng = np.random.default_rng(SEED)


def case(what, relevance, shown):
    """`relevance` of all candidates; the list is the first `shown` of them, best first."""
    qrels = {"q": {f"i{i:02}": int(r) for i, r in enumerate(relevance)}}
    run = {"q": {f"i{i:02}": float(shown - i) for i in range(shown)}}
    by_cutoff = []
    for k in CUTOFFS:
        trec = ir_measures.calc_aggregate([P @ k, R @ k, AP @ k, nDCG @ k], qrels, run)
        # ranx refuses queries that have no relevant item among the judged; what it says of them is 0 by definition.
        names = [f"precision@{k}", f"recall@{k}", f"f1@{k}", f"map@{k}", f"ndcg@{k}"]
        positive = any(r > 0 for r in relevance)
        kept = {"q": {i: r for i, r in qrels["q"].items() if r > 0} if positive else {"none": 0}}
        x = ranx.evaluate(ranx.Qrels(kept), ranx.Run(run), names) if positive else dict.fromkeys(names, 0.0)
        by_cutoff.append(
            dict(
                k=k,
                trec={"P": trec[P @ k], "Recall": trec[R @ k], "AP": trec[AP @ k], "NDCG": trec[nDCG @ k]},
                ranx=dict(zip(["P", "Recall", "F1", "AP", "NDCG"], [float(x[name]) for name in names])),
            )
        )
    return dict(what=what, relevance=[int(r) for r in relevance], shown=shown, cutoffs=by_cutoff)


def tied(n, levels):
    """A list with equal scores, and the nDCG@k that scikit-learn gives it."""
    relevance = rng.integers(0, 4, n)
    relevance[0] = 3
    scores = rng.integers(0, levels, n).astype(float)
    ndcg = [float(ndcg_score([relevance], [scores], k=k, ignore_ties=False)) for k in CUTOFFS]
    return dict(relevance=[int(r) for r in relevance], scores=[float(s) for s in scores], ndcg=ndcg)


def classified(what, labels, scores):
    labels, scores = np.asarray(labels, bool), np.asarray(scores, np.float32)
    both = labels.any() and not labels.all()
    u = mannwhitneyu(scores[labels], scores[~labels]).statistic if both else None
    clamped = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
    return dict(
        what=what,
        labels=[bool(y) for y in labels],
        scores=[float(s) for s in scores],
        auc=float(roc_auc_score(labels, scores)) if both else None,
        mann_whitney=float(u / (labels.sum() * (~labels).sum())) if both else None,
        log_loss=float(log_loss(labels, clamped, labels=[False, True])),
    )


def paired(lists, gain):
    first = np.round(rng.beta(2, 3, lists), 4)
    second = np.round(np.clip(first + rng.normal(-gain, 0.05, lists), 0, 1), 4)
    mean = lambda a, b, axis: np.mean(a, axis=axis) - np.mean(b, axis=axis)
    found = bootstrap(
        (first, second), mean, paired=True, vectorized=True, method="percentile", n_resamples=100_000, rng=rng, batch=5000
    )
    return dict(
        first=[float(v) for v in first],
        second=[float(v) for v in second],
        low=float(found.confidence_interval.low),
        high=float(found.confidence_interval.high),
        standard_error=float(found.standard_error),
        not_above=float((found.bootstrap_distribution <= 0).mean()),
    )


def ordered(first, second):
    """Two rows of values, and Kendall's τ-b of them: NaN, here None, where one has no two different values."""
    tau = float(kendalltau(first, second, variant="b").statistic)
    return dict(first=[float(v) for v in first], second=[float(v) for v in second], tau=None if np.isnan(tau) else tau)


cases = [
    case("no positive", [0] * 8, 8),
    case("all positive", [1] * 8, 8),
    case("all positive, graded", [1, 3, 2, 2, 3, 1, 2], 7),
    case("one positive, last", [0] * 7 + [1], 8),
    case("one positive, not shown", [0] * 7 + [2], 5),
    case("shorter than k", [1, 0, 1, 0, 1, 1], 2),
    case("one item", [1], 1),
    case("fewer positives than k", [0, 1, 0, 0, 1, 0, 0, 0], 8),
    case("more positives than k", [1, 0, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1], 12),
]
for _ in range(16):
    n = int(rng.integers(3, 15))
    relevance = rng.integers(0, 4, n) * (rng.random(n) < 0.5)
    cases.append(case("random", relevance, int(rng.integers(1, n + 1))))

pooled = [
    classified("all scores equal", [1, 0, 1, 0, 0], [0.5] * 5),
    classified("only positives", [1, 1, 1], [0.2, 0.9, 0.9]),
    classified("only negatives", [0, 0], [0.2, 0.9]),
    classified("certain and wrong", [1, 0, 1, 0], [0.0, 1.0, 1.0, 0.0]),
    classified("best", [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]),
    classified("worst", [1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9]),
    classified("many ties", rng.random(60) < 0.4, np.round(rng.random(60) * 4) / 4),
]

out = dict(
    seed=SEED,
    versions={name: version(name) for name in ("numpy", "scipy", "scikit_learn", "ranx", "ir_measures")},
    cases=cases,
    tied=[tied(6, levels) for levels in (1, 2, 3, 4)] + [tied(7, 2)],
    pooled=pooled,
    paired=[paired(80, 0.01), paired(80, 0.0), paired(25, 0.03)],
    ordered=[ordered([1, 2, 3], [2, 2, 2]), ordered([1, 2, 3, 4], [4, 3, 2, 1])]
    + [ordered(np.round(rng.random(n), digits), np.round(rng.random(n), 1)) for n in (2, 5, 11, 40) for digits in (1, 4)],
)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "libraries.json"), "w") as f:
    json.dump(out, f, separators=(",", ":"))
    f.write("\n")

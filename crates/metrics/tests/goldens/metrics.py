"""Writes metrics.json beside this file: metrics of random lists by scikit-learn, and MAP@6 by its definition.

    python crates/metrics/tests/goldens/metrics.py

scikit-learn has no average precision with a cutoff; its average_precision_score is the golden at k = n, where both are
the same, and a plain loop is the golden at k = 6. Scores within a list are distinct, so no tie order is involved; the
pooled classification scores are rounded to one digit, so ties abound.
"""
import json
import os

import numpy as np
import sklearn
from sklearn.metrics import average_precision_score, f1_score, log_loss, ndcg_score, precision_score, recall_score, roc_auc_score

SEED, LISTS, N, K = 20240206, 24, 12, 6
rng = np.random.default_rng(SEED)


def average_precision_at(hits, positives, k):
    found, total = 0, 0.0
    for place, hit in enumerate(hits[:k], 1):
        if hit:
            found += 1
            total += found / place
    return total / min(k, positives)


def one_list(grades):
    relevance = rng.integers(0, grades + 1, N) * (rng.random(N) < rng.uniform(0.1, 0.9))
    relevance[rng.integers(N)] = grades
    scores = rng.permutation(N) / 8 - 0.5
    order = np.argsort(-scores, kind="stable")
    positive = relevance > 0
    chosen = np.zeros(N, bool)
    chosen[order[:K]] = True
    return dict(
        relevance=[int(r) for r in relevance],
        scores=[float(s) for s in scores],
        precision=float(precision_score(positive, chosen)),
        recall=float(recall_score(positive, chosen)),
        f1=float(f1_score(positive, chosen)),
        ndcg=float(ndcg_score([relevance], [scores], k=K, ignore_ties=True)),
        map=average_precision_at(positive[order], int(positive.sum()), K),
        map_of_all=float(average_precision_score(positive, scores)),
    )


lists = [one_list(1) for _ in range(LISTS)] + [one_list(4) for _ in range(LISTS)]
labels = rng.random(200) < 0.3
probabilities = np.clip(np.round(rng.normal(0.4 + 0.2 * labels, 0.3), 1), 0, 1).astype(np.float32)
clamped = np.clip(probabilities.astype(np.float64), 1e-7, 1 - 1e-7)
pooled = dict(
    labels=[bool(y) for y in labels],
    probabilities=[float(p) for p in probabilities],
    auc=float(roc_auc_score(labels, probabilities)),
    log_loss=float(log_loss(labels, clamped)),
    base_log_loss=float(log_loss(labels, np.full(len(labels), labels.mean()))),
)
out = dict(seed=SEED, numpy=np.__version__, scikit_learn=sklearn.__version__, k=K, lists=lists, pooled=pooled)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "metrics.json"), "w") as f:
    json.dump(out, f, indent=None, separators=(",", ":"))
    f.write("\n")

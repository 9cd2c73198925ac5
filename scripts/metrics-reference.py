"""Makes test/metrics/reference.json: metrics of random cases as scikit-learn, scipy, statsmodels and
numpy compute them. Deterministic: the same library versions give the same file.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install scikit-learn scipy statsmodels
    /tmp/venv/bin/python scripts/metrics-reference.py      # from the repository root
    npx prettier --write test/metrics/reference.json
"""

import json
import sys
import warnings

import numpy as np
import scipy
import sklearn
import statsmodels
from scipy.stats import binomtest, bootstrap, kendalltau, rankdata, spearmanr
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar

OUT = "test/metrics/reference.json"
rng = np.random.default_rng(20240118)


def label_matrix(images, classes, mean, special):
    """0/1 labels; with `special`, rows without labels and with all, and a class without images."""
    truth = np.zeros((images, classes), dtype=int)
    for i in range(images):
        k = min(classes, 1 + rng.poisson(mean))
        truth[i, rng.choice(classes, k, replace=False)] = 1
    if special:
        truth[:, 3] = 0
        truth[[2, 9, 17]] = 0
        truth[[5, 11]] = 1
        truth[[5, 11], 3] = special == "full"
    return truth


def per_row(score, truth, scores):
    return [score(truth[i : i + 1], scores[i : i + 1]) for i in range(len(truth))]


def ranking_case(name, truth, scores):
    images, classes = truth.shape
    order = np.argsort(-scores, axis=1, kind="stable")  # ties: lower class index first
    weights = np.bincount(rng.integers(0, images, images), minlength=images)
    labelled = truth.sum(axis=1) > 0
    case = {
        "name": name,
        "classes": classes,
        "scores": scores.ravel().tolist(),
        "labels": [np.flatnonzero(row).tolist() for row in truth],
        "ranking": order.ravel().tolist(),
        "coverage_error": {
            "mean": metrics.coverage_error(truth, scores),
            "per_image": per_row(metrics.coverage_error, truth, scores),
        },
        "lrap": {
            "mean": metrics.label_ranking_average_precision_score(truth, scores),
            "per_image": per_row(metrics.label_ranking_average_precision_score, truth, scores),
        },
        "ranking_loss": {
            "mean": metrics.label_ranking_loss(truth, scores),
            "per_image": per_row(metrics.label_ranking_loss, truth, scores),
        },
        "average_precision": {
            "macro": metrics.average_precision_score(truth, scores, average="macro"),
            "micro": metrics.average_precision_score(truth, scores, average="micro"),
            "samples": metrics.average_precision_score(truth, scores, average="samples"),
            "per_class": metrics.average_precision_score(truth, scores, average=None).tolist(),
            "present": np.flatnonzero(truth.sum(axis=0)).tolist(),
        },
        "weights": weights.tolist(),
        "weighted_average_precision": {
            average: metrics.average_precision_score(
                truth, scores, average=average, sample_weight=weights
            )
            for average in ("macro", "micro")
        },
        "at_n": [],
    }
    for n in (1, 3, 5):
        predicted = np.zeros_like(truth)
        np.put_along_axis(predicted, order[:, :n], 1, axis=1)
        precision, recall, f1, _ = metrics.precision_recall_fscore_support(
            truth[labelled], predicted[labelled], average="samples", zero_division=0
        )
        case["at_n"].append({"n": n, "precision": precision, "recall": recall, "f1": f1})
    return case


def ranking_cases():
    untied = label_matrix(30, 20, 1.5, "full")
    distinct = rng.permutation(untied.size).reshape(untied.shape) / 64.0
    tied = label_matrix(60, 12, 1.0, "full")
    coarse = rng.integers(-2, 4, tied.shape).astype(float) + tied * rng.integers(0, 3, tied.shape)
    missing = label_matrix(40, 12, 0.5, "class missing")
    half = rng.integers(0, 30, missing.shape) / 2.0 + 4.0 * missing
    wide = label_matrix(30, 100, 0.7, None)
    logits = rng.normal(size=wide.shape) * 2 + 4 * wide * (rng.random(wide.shape) < 0.7)
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    single = label_matrix(25, 10, 0.0, None)
    return [
        ranking_case("no ties", untied, distinct),
        ranking_case("many ties", tied, coarse),
        ranking_case("a class without images, some ties", missing, half),
        ranking_case("probabilities of 100 classes, no ties", wide, np.round(chances, 9)),
        ranking_case("one label each, all scores equal", single, np.zeros(single.shape)),
    ]


def mcnemar_cases():
    pairs = [(0, 0), (0, 1), (1, 0), (0, 5), (3, 3), (5, 12), (12, 5), (7, 8), (15, 1), (8, 8)]
    pairs += [(0, 40), (10, 200), (30, 900), (100, 80), (333, 400), (1000, 1100), (4021, 3980)]
    pairs += [(12000, 11800), (24000, 26000), (25000, 25000), (1, 49999)]
    cases = []
    for first, second in pairs:
        p = float(mcnemar([[0, first], [second, 0]], exact=True).pvalue)
        if first + second > 0:
            other = binomtest(first, first + second, 0.5).pvalue
            assert abs(p - other) <= 1e-9 * other, (first, second, p, other)
        cases.append({"first": first, "second": second, "p": p})
    return cases


def correlation_cases():
    cases = []
    for n, kind in [(2, "u"), (5, "u"), (8, "t"), (20, "u"), (60, "t"), (315, "u"), (12, "same")]:
        x = rng.integers(0, max(3, n // 3), n) / 4.0 if kind == "t" else rng.permutation(n) / 8.0
        y = np.round(x + rng.normal(size=n) * (n / 16), 1 if kind == "t" else 6)
        y = x if kind == "same" else y
        cases.append(
            {
                "x": x.tolist(),
                "y": y.tolist(),
                "ranks": rankdata(x).tolist(),
                "spearman": float(spearmanr(x, y).statistic),
                "kendall": float(kendalltau(x, y, variant="b").statistic),
            }
        )
    return cases


def percentile_cases():
    shares = [0, 0.025, 0.1, 1 / 3, 0.5, 0.975, 1]
    cases = []
    for n in (1, 2, 5, 40, 101):
        values = np.round(rng.normal(size=n), 3)
        expected = np.percentile(values, [100 * share for share in shares])
        cases.append({"values": values.tolist(), "shares": shares, "expected": expected.tolist()})
    return cases


def subgroup_means(values, counts, max_group=5):
    """A_k by group for the images that have a label; None for an empty group."""
    group = np.minimum(counts, max_group + 1)
    means = [values[group == k] for k in range(1, max_group + 2)]
    return [float(v.mean()) if v.size else None for v in means]


def asma(values, counts):
    return float(np.mean([m for m in subgroup_means(values, counts) if m is not None]))


def bootstrap_case():
    """Means, A_k and ASMA of two models on stored resamples, as numpy finds them."""
    images = 40
    counts = rng.choice([0, 1, 2, 3, 4, 5, 6, 8], images, p=[0.1, 0.3, 0.2, 0.15, 0.1, 0.05, 0.05, 0.05])
    first, second = (
        np.array([rng.integers(0, k + 1) / k if k else np.nan for k in counts]) for _ in range(2)
    )
    draws = rng.integers(0, images, (80, images))
    case = {
        "counts": counts.tolist(),
        "first": [None if np.isnan(v) else float(v) for v in first],
        "second": [None if np.isnan(v) else float(v) for v in second],
        "draws": draws.tolist(),
        "subgroups": subgroup_means(first, counts),
        "asma": asma(first, counts),
        "on_draws": {
            "mean": [float(np.nanmean(first[d])) for d in draws],
            "asma": [asma(first[d], counts[d]) for d in draws],
            "subgroups": [subgroup_means(first[d], counts[d]) for d in draws],
            "asma_difference": [asma(first[d], counts[d]) - asma(second[d], counts[d]) for d in draws],
        },
    }
    case["percentiles"] = {
        name: np.percentile(case["on_draws"][name], [2.5, 97.5]).tolist()
        for name in ("mean", "asma", "asma_difference")
    }
    return case


def interval_case():
    """Percentile intervals with far more resamples than ours, to be close to and not equal to."""
    images = 400
    counts = rng.choice([1, 2, 3, 4], images, p=[0.6, 0.2, 0.15, 0.05])
    first = np.array([rng.binomial(k, 0.9 - 0.12 * k) / k for k in counts])
    second = np.where(rng.random(images) < 0.8, first, np.round(rng.random(images) * counts) / counts)
    other_counts = rng.choice([1, 2, 3], 250, p=[0.5, 0.3, 0.2])
    other = np.array([rng.binomial(k, 0.6) / k for k in other_counts])
    many = dict(n_resamples=20_000, method="percentile", rng=rng, vectorized=False)
    at = (np.arange(images),)
    found = {
        "mean": bootstrap((first,), np.mean, **many),
        "asma": bootstrap(at, lambda i: asma(first[i], counts[i]), **many),
        "difference": bootstrap(at, lambda i: (first[i] - second[i]).mean(), **many),
        "gap": bootstrap((first, other), lambda a, b: a.mean() - b.mean(), **many),
    }
    return {
        "counts": counts.tolist(),
        "first": first.tolist(),
        "second": second.tolist(),
        "other": other.tolist(),
        **{
            name: [float(r.confidence_interval.low), float(r.confidence_interval.high)]
            for name, r in found.items()
        },
    }


def main():
    warnings.simplefilter("ignore")
    reference = {
        "made_by": "scripts/metrics-reference.py",
        "versions": {
            "python": sys.version.split()[0],
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__,
            "statsmodels": statsmodels.__version__,
        },
        "ranking": ranking_cases(),
        "mcnemar": mcnemar_cases(),
        "correlation": correlation_cases(),
        "percentile": percentile_cases(),
        "bootstrap": bootstrap_case(),
        "intervals": interval_case(),
    }
    with open(OUT, "w", encoding="utf-8") as file:
        json.dump(reference, file, allow_nan=False, separators=(",", ":"))
        file.write("\n")


main()

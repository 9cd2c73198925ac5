"""Scores logits as a user of scikit-learn and NumPy would do it: scikit-learn's functions for its
metrics, array operations for the others and for the value of each image, and 1,000 resamples of all
of them, which are drawn once.

python3 score_peer.py JOB.json FOLDER
    {"logits": PATH of .npy, "labels": PATH of JSON, a list of classes for each image,
     "originals": PATH of JSON, the original class of each image}

Writes FOLDER/scorecard.json and prints one line of JSON: {"count", "seconds", "cpuMs"}. Starting
Python is not measured, reading the files is.
"""

import json
import os
import sys
import time
import warnings

import numpy as np
from sklearn import metrics

RESAMPLES = 1000
MAX_GROUP = 5


def read(job):
    scores = np.load(job["logits"])
    with open(job["labels"]) as file:
        labels = json.load(file)
    truth = np.zeros(scores.shape, dtype=bool)
    counts = np.array([len(set(own)) for own in labels])
    rows = np.repeat(np.arange(len(labels)), [len(own) for own in labels])
    truth[rows, np.concatenate([np.array(own, dtype=int) for own in labels])] = True
    with open(job["originals"]) as file:
        return scores, truth, counts, np.array(json.load(file))


def values_of_images(scores, truth, counts, originals):
    """Every metric that is a mean over images, image by image; NaN for an image that is left out."""
    most = max(MAX_GROUP, counts.max())
    top = np.argpartition(-scores, most, axis=1)[:, :most]
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    top = np.take_along_axis(top, order, axis=1)
    hits = np.take_along_axis(truth, top, axis=1)
    found = np.cumsum(hits, axis=1)
    labelled = counts > 0
    k = np.where(labelled, counts, 1)
    of_labels = found[np.arange(len(k)), k - 1]
    values = {
        "top1": (top[:, 0] == originals).astype(float),
        "top5": (top[:, :5] == originals[:, None]).any(axis=1).astype(float),
        "real": hits[:, 0].astype(float),
        "variableTopK": of_labels / k,
        "variableTopKAny": (of_labels > 0).astype(float),
        "exactMatch": (of_labels == k).astype(float),
    }
    for n in (1, 5):
        values[f"precisionAt{n}"] = found[:, n - 1] / n
        values[f"recallAt{n}"] = found[:, n - 1] / k
        values[f"f1At{n}"] = 2 * found[:, n - 1] / (n + k)
    values.update(ranking_values(scores, truth, counts))
    for name, each in values.items():
        if name not in ("top1", "top5"):
            each[~labelled] = np.nan
    return values


def ranking_values(scores, truth, counts):
    """What scikit-learn gives as means only: of each image, from the ranks of its labels."""
    rows, classes = np.nonzero(truth)
    above = np.empty(len(rows))
    for at in range(0, len(rows), 4096):
        own = slice(at, at + 4096)
        of_label = scores[rows[own], classes[own], None]
        above[own] = (scores[rows[own]] >= of_label).sum(axis=1)
    order = np.lexsort((above, rows))
    above, rows = above[order], rows[order]
    first = np.searchsorted(rows, rows)
    rank_among_labels = np.arange(len(rows)) - first + 1
    images, classes_in_all = len(scores), scores.shape[1]
    k = np.maximum(counts, 1)
    coverage = np.zeros(images)
    np.maximum.at(coverage, rows, above)
    precision = np.bincount(rows, rank_among_labels / above, images) / k
    wrong = np.bincount(rows, above - rank_among_labels, images) / (k * (classes_in_all - k))
    return {
        "coverageError": coverage,
        "lrap": precision,
        "mapPerImage": precision.copy(),  # the same where no scores are tied
        "rankingLoss": wrong,
    }


def means_by_scikit_learn(scores, truth, counts):
    own = counts > 0
    scores, truth = scores[own], truth[own].astype(np.uint8)
    found = {
        "coverageError": metrics.coverage_error(truth, scores),
        "lrap": metrics.label_ranking_average_precision_score(truth, scores),
        "rankingLoss": metrics.label_ranking_loss(truth, scores),
        "mapPerImage": metrics.average_precision_score(truth, scores, average="samples"),
    }
    for n in (1, 5):
        predicted = np.zeros_like(truth)
        np.put_along_axis(predicted, np.argpartition(-scores, n, axis=1)[:, :n], 1, axis=1)
        at_n = metrics.precision_recall_fscore_support(
            truth, predicted, average="samples", zero_division=0
        )
        found.update(zip((f"precisionAt{n}", f"recallAt{n}", f"f1At{n}"), at_n))
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    of_classes = metrics.average_precision_score(truth, chances, average=None)
    found["mapMacro"] = np.nan_to_num(of_classes).mean()
    found["mapMacroPresent"] = of_classes[truth.any(axis=0)].mean()
    found["mapMicro"] = metrics.average_precision_score(truth, chances, average="micro")
    return found


def resampled(values, counts):
    """The means, A_k and ASMA of each resample: the images of a set, and those within subgroups."""
    random = np.random.default_rng(42)
    names = list(values)
    table = np.array([values[name] for name in names])
    there = ~np.isnan(table)
    table = np.where(there, table, 0)
    images = table.shape[1]
    group = np.minimum(counts, MAX_GROUP + 1)
    members = [np.flatnonzero(group == k) for k in range(1, MAX_GROUP + 2)]
    members = [own for own in members if len(own) > 0]
    rules = [names.index(rule) for rule in ("variableTopK", "variableTopKAny", "exactMatch")]
    means = np.empty((RESAMPLES, len(names)))
    subgroups = np.empty((RESAMPLES, len(rules), len(members)))
    for at in range(RESAMPLES):
        weights = np.bincount(random.integers(0, images, images), minlength=images).astype(float)
        means[at] = (table @ weights) / (there @ weights)
        for column, own in enumerate(members):
            drawn = own[random.integers(0, len(own), len(own))]
            subgroups[at, :, column] = table[rules][:, drawn].mean(axis=1)
    return names, means, subgroups


def score(job, out):
    scores, truth, counts, originals = read(job)
    values = values_of_images(scores, truth, counts, originals)
    card = {name: float(np.nanmean(each)) for name, each in values.items()}
    card.update({name: float(mean) for name, mean in means_by_scikit_learn(scores, truth, counts).items()})
    names, means, subgroups = resampled(values, counts)
    intervals = dict(zip(names, np.percentile(means, [2.5, 97.5], axis=0).T.tolist()))
    intervals["subgroups"] = np.percentile(subgroups, [2.5, 97.5], axis=0).tolist()
    intervals["asma"] = np.percentile(subgroups.mean(axis=2), [2.5, 97.5], axis=0).tolist()
    with open(os.path.join(out, "scorecard.json"), "w") as file:
        json.dump({"metrics": card, "intervals": intervals}, file)
    return len(scores)


def main():
    warnings.simplefilter("ignore")  # of classes without images
    with open(sys.argv[1]) as file:
        job = json.load(file)
    start, cpu = time.perf_counter(), time.process_time()
    count = score(job, sys.argv[2])
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(json.dumps({"count": count, "seconds": seconds, "cpuMs": 1000 * cpu}))


if __name__ == "__main__":
    main()

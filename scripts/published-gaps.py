"""Prints what test/score/published-models.test.ts expects: the mean gaps, in points, of 66 published
models between ImageNet (ReaL labels) and ImageNetV2 (refined labels), in NumPy alone.

    pip install numpy==2.3.5
    python3 scripts/published-gaps.py ../shared
"""

import csv
import json
import pathlib
import sys

import numpy as np

SHARED = pathlib.Path(sys.argv[1])
REVERSED = "fv_16k"  # its classes on ImageNetV2 stand in reverse order


def imagenet():
    folder = SHARED / "imagenet-val"
    wnids = [line.split()[0] for line in (folder / "LOC_synset_mapping.txt").open()]
    with (folder / "LOC_val_solution.csv").open() as file:
        rows = sorted((row["ImageId"], row["PredictionString"]) for row in csv.DictReader(file))
    originals = np.array([wnids.index(boxes.split()[0]) for _, boxes in rows])
    return originals, json.load((folder / "real.json").open())


def imagenet_v2():
    folder = SHARED / "imagenetv2"
    refined = json.load((folder / "imagenetv2_refined_labels.json").open())
    with (folder / "matched-frequency.csv").open() as file:
        rows = [(row["file"], int(row["label"])) for row in csv.DictReader(file)]
    labels = [[int(label) for label in refined[name.split("/")[-1]]] for name, _ in rows]
    return np.array([label for _, label in rows]), labels


def scores(ranked, originals, labels):
    found = {"top1": np.mean(ranked[:, 0] == originals)}
    found["real"] = np.mean([row[0] in right for row, right in zip(ranked, labels) if right])
    for k in range(1, 6):
        at_k = [(row[:k], right) for row, right in zip(ranked, labels) if len(right) == k]
        hits = np.array([len(set(row) & set(right)) for row, right in at_k])
        found[f"A_{k}"] = np.mean(hits / k)
        found[f"A_{k}_any"] = np.mean(hits >= 1)
        found[f"A_{k}_exact"] = np.mean(hits == k)
    for name, rule in (("asma", ""), ("asmaAny", "_any"), ("asmaExact", "_exact")):
        found[name] = np.mean([found[f"A_{k}{rule}"] for k in range(1, 6)])
    return found


sets = {"imagenet-val": imagenet(), "imagenetv2-matched-frequency": imagenet_v2()}
gaps = []
for path in sorted((SHARED / "predictions" / "imagenet-val").glob("*.npz")):
    if path.stem == REVERSED:
        continue
    first, second = (
        scores(np.load(SHARED / "predictions" / name / path.name)["ranked"], *each)
        for name, each in sets.items()
    )
    gaps.append({name: 100 * (first[name] - second[name]) for name in first})
print(len(gaps), "models")
for name in gaps[0]:
    print(f"{name}: {np.mean([gap[name] for gap in gaps]):.2f}")

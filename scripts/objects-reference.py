"""Makes test/score/objects-reference.json: random images of several objects, and what NumPy makes of
their recall. Written from docs/metrics.md, loop by loop; deterministic.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install numpy
    /tmp/venv/bin/python scripts/objects-reference.py      # from the repository root
    npx prettier --write test/score/objects-reference.json
"""

import json
from itertools import product

import numpy as np

OUT = "test/score/objects-reference.json"
CLASSES = np.arange(500, 512)  # those that occur
RANKED = 6
EDGES = [0, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, np.inf]
rng = np.random.default_rng(20260312)


def make_set(paired):
    """Images of 1 to 4 objects of different classes, with the ranking of a model that is often right."""
    images = []
    for number, k in product(range(25), [1, 2, 3, 4]):
        if not paired:
            k = int(rng.integers(1, 5))
        if paired and k > 1:
            objects = [dict(each) for each in images[-1]["objects"]]  # of k - 1, and one more
        else:
            objects = []
        while len(objects) < k:
            label = int(rng.choice(CLASSES))
            if label in [each["class"] for each in objects]:
                continue
            objects.append({
                "class": label,
                "patch": f"{label}-{rng.integers(3)}",
                "side": float(np.round(rng.uniform(20, 130), 2)),
                "column": int(rng.integers(3)),
                "row": int(rng.integers(3)),
                "ease": float(rng.normal(scale=2)),  # the same in every image that the object is in
            })
        scores = rng.normal(size=1000)
        scores[CLASSES] += 3
        for each in objects:
            scores[each["class"]] += 1 + each["ease"]
        ranking = np.argsort(-scores, kind="stable")[:RANKED]
        images.append({"number": number, "objects": objects, "ranking": ranking.tolist()})
    return images


def measure(images, paired):
    """A row for each object, then means over those that a group is of."""
    rows = []
    for i, image in enumerate(images):
        k = len(image["objects"])
        for each in image["objects"]:
            rows.append({
                **each,
                "image": i,
                "number": image["number"],
                "k": k,
                "found": each["class"] in image["ranking"][:k],
                "bin": int(np.searchsorted(EDGES, each["side"], side="right") - 1),
            })

    def alone(row):
        """The share of the images of this patch alone in which its class is first; None for no image."""
        same = [
            other["found"]
            for other in rows
            if other["k"] == 1
            and other["patch"] == row["patch"]
            and (not paired or other["number"] == row["number"])
        ]
        return float(np.mean(same)) if same and row["k"] > 1 else None

    for row in rows:
        row["alone"] = alone(row)

    def mean(of, value=lambda row: row["found"], weight=lambda row: 1.0, chance=lambda row: row["k"] / 1000):
        of = [row for row in of if weight(row) > 0]
        weights = [weight(row) for row in of]
        return {
            "value": float(np.average([value(row) for row in of], weights=weights)) if of else None,
            "n": len(of),
            "images": len({row["image"] for row in of}),
            "chance": float(np.average([chance(row) for row in of], weights=weights)) if of else None,
        }

    def side(at):
        return {"from": EDGES[at], "to": None if EDGES[at + 1] == np.inf else EDGES[at + 1]}

    def given_alone(group, of):
        known = [row for row in of if row["alone"] is not None]
        unknown = [row for row in of if row["alone"] is None]
        return {
            "group": group,
            "without": {"n": len(unknown), "patches": len({row["patch"] for row in unknown})},
            "recall": mean(known),
            "alone": mean(known, value=lambda row: row["alone"], chance=lambda row: 1 / 1000),
            "givenAlone": mean(known, weight=lambda row: row["alone"]),
            "givenNotAlone": mean(known, weight=lambda row: 1 - row["alone"]),
        }

    counts = sorted({row["k"] for row in rows})
    bins = sorted({row["bin"] for row in rows})
    several = [row for row in rows if row["k"] > 1]
    single = [row for row in rows if row["k"] == 1]
    confusions = {}
    for image in images:
        k = len(image["objects"])
        labels = {each["class"] for each in image["objects"]}
        ranked = set(image["ranking"][:k])
        for pair in product(sorted(labels - ranked), sorted(ranked - labels)):
            confusions[pair] = confusions.get(pair, 0) + 1
    label_images = {c: [row for row in rows if row["class"] == c] for c in CLASSES.tolist()}
    pairs = {}
    for image in images:
        if len(image["objects"]) == 2:
            a, b = sorted(each["class"] for each in image["objects"])
            pairs.setdefault((a, b), []).append([a in image["ranking"][:2], b in image["ranking"][:2]])
    return {
        "n": len(rows),
        "images": len(images),
        "patches": len({row["patch"] for row in rows}),
        "byCount": [{"group": str(k), **mean([row for row in rows if row["k"] == k])} for k in counts],
        "byPosition": [
            {"columns": 3, "rows": 3, "column": c, "row": r,
             **mean([row for row in rows if row["column"] == c and row["row"] == r])}
            for r, c in product(range(3), range(3))
        ],
        "bySide": [{**side(at), **mean([row for row in rows if row["bin"] == at])} for at in bins],
        "byCountAndSide": [
            {"group": str(k), **side(at),
             **mean([row for row in rows if row["k"] == k and row["bin"] == at])}
            for k, at in product(counts, bins)
            if any(row["k"] == k and row["bin"] == at for row in rows)
        ],
        "givenAlone": {
            "images": len(single),
            "patches": len({row["patch"] for row in single}),
            "byCount": [
                *[given_alone(str(k), [row for row in several if row["k"] == k]) for k in counts if k > 1],
                given_alone("all", several),
            ],
        },
        "classes": [
            {"class": c, "value": float(np.mean([row["found"] for row in of])), "n": len(of),
             "chance": float(np.mean([row["k"] / 1000 for row in of]))}
            for c, of in label_images.items()
        ],
        "pairs": [
            {"classes": list(pair), "value": float(np.mean(found)), "n": len(found),
             "each": np.mean(found, axis=0).tolist(), "chance": 0.002}
            for pair, found in pairs.items()
        ],
        "confusions": [
            {"label": a, "predicted": b, "n": n, "of": len(label_images[a])}
            for (a, b), n in confusions.items()
        ],
    }


def interval_of(images, least, most):
    """The bootstrap interval of the recall of objects of these sides, numbers drawn together."""
    sums = np.zeros((25, 2))
    for image in images:
        k = len(image["objects"])
        for each in image["objects"]:
            if least <= each["side"] < most:
                sums[image["number"]] += [each["class"] in image["ranking"][:k], 1]
    draws = rng.integers(0, 25, size=(200_000, 25))
    found, objects = sums[draws].sum(axis=1).T
    return np.percentile(found[objects > 0] / objects[objects > 0], [2.5, 97.5]).tolist()


def main():
    cases = []
    for paired in [False, True]:
        images = make_set(paired)
        case = {"paired": paired, "images": images, "expected": measure(images, paired)}
        if paired:
            case["interval"] = {"from": 64, "ends": interval_of(images, 64, 96)}
        cases.append(case)
    with open(OUT, "w") as file:
        json.dump(cases, file)


main()

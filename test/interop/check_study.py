"""The study imagenet-gap, every number of it computed again in NumPy from the published files."""

import csv
import json
import pathlib
import subprocess
import sys

import numpy

from expected import RELEASE, check, ok

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
REVERSED = "fv_16k"  # its classes on ImageNetV2 stand in reverse order
RANKS = 5  # published of each image: A_k for k up to 5
RULES = {"": "", "Any": "_any", "Exact": "_exact"}  # as names of metrics end
OF_IMAGES = {"top5", "imageWeighted", "imageWeightedAny", "imageWeightedExact"}  # in the gaps alone
TOLERANCE = 1e-12

if not (SHARED / "predictions").is_dir():
    print("the published predictions are not in ../shared")
    sys.exit(77)


def imagenet():
    """Original labels and ReaL's, in file-name order."""
    folder = SHARED / "imagenet-val"
    wnids = [line.split()[0] for line in (folder / "LOC_synset_mapping.txt").open()]
    with (folder / "LOC_val_solution.csv").open() as file:
        rows = sorted((row["ImageId"], row["PredictionString"]) for row in csv.DictReader(file))
    originals = [wnids.index(boxes.split()[0]) for _, boxes in rows]
    return originals, json.loads((folder / "real.json").read_text())


def imagenet_v2():
    """Original and refined labels, in the order of the list of files."""
    folder = SHARED / "imagenetv2"
    refined = json.loads((folder / "imagenetv2_refined_labels.json").read_text())
    with (folder / "matched-frequency.csv").open() as file:
        rows = [(row["file"], int(row["label"])) for row in csv.DictReader(file)]
    labels = [[int(label) for label in refined[name.split("/")[-1]]] for name, _ in rows]
    return [label for _, label in rows], labels


class Set:
    def __init__(self, originals, labels):
        self.originals = numpy.array(originals)
        self.valid = numpy.zeros((len(labels), 1000), bool)
        for row, classes in zip(self.valid, labels):
            row[classes] = True
        self.k = self.valid.sum(axis=1)

    def metrics(self, ranked):
        """Each metric of a model: its value and its images."""
        rows = numpy.arange(len(ranked))
        right = self.valid[rows[:, None], ranked]
        original = ranked == self.originals[:, None]
        found = {f"top{n}": (original[:, :n].any(axis=1).mean(), len(ranked)) for n in (1, RANKS)}
        labelled = self.k > 0
        found["real"] = numpy.mean(right[labelled, 0]), labelled.sum()
        groups = range(1, RANKS + 1)
        for k in groups:
            hits = right[self.k == k, :k].sum(axis=1)
            found[f"A_{k}"] = hits.sum() / (k * len(hits)), len(hits)
            found[f"A_{k}_any"] = numpy.mean(hits >= 1), len(hits)
            found[f"A_{k}_exact"] = numpy.mean(hits == k), len(hits)
        for rule, end in RULES.items():
            of_rule = [found[f"A_{k}{end}"] for k in groups]
            n = sum(n for _, n in of_rule)
            found[f"asma{rule}"] = numpy.mean([value for value, _ in of_rule]), n
            found[f"imageWeighted{rule}"] = sum(value * n for value, n in of_rule) / n, n
        return {name: (float(value), int(n)) for name, (value, n) in found.items()}


def ranks(values):
    """From 1, equal values sharing the mean of theirs."""
    _, where, times = numpy.unique(values, return_inverse=True, return_counts=True)
    return (numpy.cumsum(times) - (times - 1) / 2)[where]


def spearman(x, y):
    return numpy.corrcoef(ranks(x), ranks(y))[0, 1]


def kendall(x, y):
    """Tau-b."""
    a, b = (numpy.sign(numpy.subtract.outer(each, each)) for each in (x, y))
    return (a * b).sum() / numpy.sqrt((a**2).sum() * (b**2).sum())


def near(got, expected, what):
    if got is None or not abs(got - expected) <= TOLERANCE:
        sys.exit(f"{what}: {got!r} in study.json, {expected!r} in NumPy")


# The study as it is, but for the number of resamples: intervals are not compared.
text = (ROOT / "configs" / "studies" / "imagenet-gap.yaml").read_text()
check("\nscores:" in text, False, "scores in imagenet-gap.yaml")
folder = RELEASE.parent / "study"
folder.mkdir()
(folder / "gap.yaml").write_text(text + "scores: { resamples: 1 }\n")
inputs = {"predictions": "predictions", "imagenet": "imagenet-val", "imagenetv2": "imagenetv2"}
flags = [word for name, at in inputs.items() for word in ("--input", f"{name}={SHARED / at}")]
command = ["node", ROOT / "dist/src/cli/bin.cjs", "study", folder / "gap.yaml", "--quiet", *flags]
command += ["--out", folder / "out", "--work", folder / "work"]
done = subprocess.run(command, capture_output=True, text=True)
check((done.returncode, done.stderr), (0, ""), "patchml study")
study = json.loads((folder / "out" / "study.json").read_text())

sets = {"imagenet-val": Set(*imagenet()), "imagenetv2-matched-frequency": Set(*imagenet_v2())}
found = {
    name: {
        path.stem: each.metrics(numpy.load(path)["ranked"])
        for path in sorted((SHARED / "predictions" / name).glob("*.npz"))
        if path.stem != REVERSED
    }
    for name, each in sets.items()
}
first, second = found.values()
models = list(first)
check((len(models), list(second)), (66, models), "models")
check([model["name"] for model in study["models"]], models, "models of the study")
check([each["name"] for each in study["sets"]], list(sets), "sets of the study")
check((study["failures"], study["options"]["maxGroup"]), ([], RANKS), "failures, and the largest k")
columns = set(first[models[0]]) - OF_IMAGES
check(set(study["columns"]), columns, "columns")

for each in study["sets"]:
    counts = numpy.bincount(sets[each["name"]].k).tolist()
    check(each["labelCounts"], counts, f"label counts of {each['name']}")

compared = 0
check(len(study["scores"]), 2 * len(models), "scores")
for score in study["scores"]:
    check(set(score["metrics"]), columns, "metrics")
    for name, got in score["metrics"].items():
        value, n = found[score["set"]][score["model"]][name]
        what = f"{name} of {score['model']} on {score['set']}"
        near(got["value"], value, what)
        check(got["n"], n, f"images of {what}")
        compared += 1

[gaps] = study["gaps"]
check([gaps["first"], gaps["second"]], list(sets), "the sets of the gaps")
check([each["model"] for each in gaps["models"]], models, "models with gaps")
in_gaps = columns | OF_IMAGES
for each in gaps["models"]:
    check(set(each["gaps"]), in_gaps, "gaps")
    for name in in_gaps:
        here, there = first[each["model"]][name], second[each["model"]][name]
        near(each["gaps"][name]["value"], here[0] - there[0], f"gap in {name} of {each['model']}")
        check(each["gaps"][name]["n"], [here[1], there[1]], f"images of the gap in {name}")
        compared += 1
of_models = {name: [first[one][name][0] - second[one][name][0] for one in models] for name in in_gaps}
mean = {name: numpy.mean(values) for name, values in of_models.items()}
check(set(gaps["mean"]), in_gaps, "mean gaps")
for name in in_gaps:
    near(gaps["mean"][name]["value"], mean[name], f"mean gap in {name}")
    near(gaps["mean"][name]["least"], min(of_models[name]), f"smallest gap in {name}")
    near(gaps["mean"][name]["most"], max(of_models[name]), f"largest gap in {name}")

# Between metrics of one set, and between sets in one metric.
rows = [(on, name) for on in sets for name in columns if not name.startswith("A_")]
pairs = {frozenset((a, b)) for a in rows for b in rows if (a[0] == b[0]) != (a[1] == b[1])}
places = [[(each[side]["set"], each[side]["metric"]) for side in ("first", "second")]
          for each in study["correlations"]]  # fmt: skip
check({frozenset(pair) for pair in places} == pairs, True, "pairs of the correlations")
check(len(places), len(pairs), "number of correlations")
for each, pair in zip(study["correlations"], places):
    x, y = ([found[on][model][name][0] for model in models] for on, name in pair)
    near(each["spearman"], spearman(x, y), f"Spearman of {pair}")
    near(each["kendall"], kendall(x, y), f"Kendall of {pair}")
    compared += 2
points = ", ".join(f"{name} {100 * mean[name]:.2f}" for name in sorted(in_gaps))
ok(f"{compared} numbers of {len(models)} models; mean gaps in points: {points}")

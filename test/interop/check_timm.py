"""Models of timm: exported, evaluated by patchml, and run by scripts/predict.py, with random weights."""

import json
import pathlib
import subprocess
import sys

import numpy
import pandas
import timm
import torch
import yaml
from PIL import Image
from timm.data import create_transform, resolve_data_config

from expected import DATASET, RELEASE, ROWS, check, ok

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = RELEASE.parent / "timm"
SEED = 3
VAL = RELEASE.parent / "sample" / "val"
PHOTOS = sorted((VAL / "images").iterdir())[:12]
# Largest difference of logits, as a part of the largest: floats are added in another order.
TOLERANCE = 1e-5


def python(script, *args, fails=False):
    command = [sys.executable, ROOT / "scripts" / script, *args]
    done = subprocess.run(command, capture_output=True, text=True)
    if (done.returncode != 0) != fails:
        sys.exit(f"{script}: {done.stdout}{done.stderr}")
    return done


def patchml(*args):
    command = ["node", ROOT / "dist/src/cli/bin.cjs", *args, "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True)
    check((done.returncode, done.stderr), (0, ""), f"patchml {args[0]}")


def local(name, architecture, **fields):
    """A model that timm saved: a name that timm loads it by."""
    folder = OUT / name
    folder.mkdir(parents=True)
    cfg = {"input_size": [3, 64, 64], "num_classes": 1000, **fields}
    config = {"architecture": architecture, "num_classes": 1000, "pretrained_cfg": cfg}
    (folder / "config.json").write_text(json.dumps(config))
    return f"local-dir:{folder}"


def torch_logits(name, paths, size=None, **changes):
    """What timm makes of images: its own model and transform, an image at a time."""
    torch.manual_seed(SEED)
    model = timm.create_model(name, **({} if size is None else {"img_size": size})).eval()
    args = {"crop_pct": changes["crop_pct"], "img_size": size} if size else {}
    config = resolve_data_config(args, model=model, use_test_size=True) | changes
    transform = create_transform(**config)
    images = [transform(Image.open(path).convert("RGB"))[None] for path in paths]
    with torch.inference_mode():
        return torch.cat([model(image) for image in images]).numpy()


def require_near(got, expected, what):
    difference = numpy.abs(got - expected).max() / numpy.abs(expected).max()
    check(bool(difference <= TOLERANCE), True, f"{what}: logits differ by {difference:.2g} of the largest")
    return difference


# Every crop_mode, a size that is not square, one of testing with its crop, and filters.
MODELS = {
    "centre": local("centre", "test_resnet", interpolation="bilinear", crop_pct=0.9),
    "oblong": local("oblong", "test_efficientnet", input_size=[3, 48, 80], crop_pct=0.875),
    "squash": local("squash", "test_resnet", crop_mode="squash", crop_pct=0.9, std=[0.5, 0.5, 0.5]),
    "border": local("border", "test_resnet", crop_mode="border", crop_pct=1.0, mean=[0.5, 0.4, 0.3]),
    "tested": local("tested", "test_resnet", test_input_size=[3, 72, 72], test_crop_pct=1.0),
}
# The sizes and crops of a results file: its model takes one size, that it is made for.
RESULTS = OUT / "results.csv"
RESULTS.write_text(
    "top1,model,crop_pct,img_size,interpolation\n"
    "1,test_vit.r160_in1k,0.95,160,bicubic\n"
    "1,test_vit.r160_in1k,1.0,96,bilinear\n"
    "1,no_such_model,1.0,96,bilinear\n"
)
export = ["export-timm.py", "--random-weights", "--seed", str(SEED), "--out", OUT]
python(*export, *MODELS.values())
failed = python(*export, "--results", RESULTS, fails=True)
check("no_such_model at 96 px: Unknown model" in failed.stderr, True, "the failed model's name")
check("2 of 3 models" in failed.stdout, True, "the other models")
again = python(*export, MODELS["centre"])
check("kept" in again.stdout, True, "a second run")

names = {path.stem for path in OUT.glob("*.yaml")}
check(names, {*MODELS, "test_vit.r160_in1k", "test_vit.r160_in1k-96"}, "names")
check(yaml.safe_load((OUT / "oblong.yaml").read_text())["input"]["size"], [80, 48], "size")

labels = OUT / "labels.csv"
# The label of a photo is a class that the model ranks 1st to 6th: top-1 is 2 of 12, top-5 10 of 12.
ranked = (-torch_logits("test_vit.r160_in1k", PHOTOS)).argsort()
rows = [f"{path.name},{ranked[at][at % 6]}" for at, path in enumerate(PHOTOS)]
labels.write_text("\n".join(["file,labels", *rows, ""]))
photos = OUT / "photos"
photos.mkdir()
for path in PHOTOS:
    (photos / path.name).symlink_to(path)
SETS = {
    "photos": (["--images", photos, "--labels", labels], PHOTOS),
    "patchml": (["--dataset", DATASET], [DATASET / row["file_name"] for row in ROWS]),
}
vit = {"crop_pct": 1.0, "interpolation": "bilinear"}
made = {**{name: (model, {}) for name, model in MODELS.items()}, "test_vit.r160_in1k": ("test_vit.r160_in1k", {}),
        "test_vit.r160_in1k-96": ("test_vit.r160_in1k", {"size": 96, **vit})}  # fmt: skip
worst = 0
for set_name, (flags, paths) in SETS.items():
    work = OUT / "work" / set_name
    patchml("evaluate", "--models", OUT / "*.yaml", *flags, "--work", work, "--out", OUT / "scores" / set_name)
    for folder in (work / "predictions").iterdir():
        name = json.loads((folder / "predictions.json").read_text())["model"]["name"]
        model, how = made.pop(name) if set_name == "patchml" else made[name]
        if set_name == "patchml":  # nothing is cropped
            how = {**how, "crop_mode": "squash", "crop_pct": 1.0}
        got = numpy.load(folder / "logits.npy")
        worst = max(worst, require_near(got, torch_logits(model, paths, **how), f"{name} on {set_name}"))
check(made, {}, "models without logits")


def scores_of(folder):
    [path] = (OUT / "scores" / folder).glob("*/test_vit.r160_in1k")
    return path


def metrics(folder):
    return json.loads((scores_of(folder) / "scorecard.json").read_text())["metrics"]


def loop(images, file, scores, flags):
    """Predictions of the loop in PyTorch, scored."""
    python("predict.py", "test_vit.r160_in1k", images, file, "--random-weights", str(SEED),
           "--workers", "0", "--batch", "5")  # fmt: skip
    patchml("score", "--predictions", file, *flags, "--model", "test_vit.r160_in1k",
            "--out", OUT / "scores" / scores)  # fmt: skip


loop(photos, OUT / "photos.npz", "loop-photos", SETS["photos"][0])
found, expected = metrics("loop-photos"), metrics("photos")
check((found["top1"]["value"], found["top5"]["value"]), (2 / 12, 10 / 12), "top-1 and top-5")
check(found.keys(), expected.keys(), "metrics")
for name in ("top1", "top5", "asma", "mapMacro", "mapMicro", "lrap", "coverageError", "rankingLoss"):
    difference = abs(found[name]["value"] - expected[name]["value"])
    check(bool(difference <= 1e-9), True, f"{name}: {found[name]} of the loop, {expected[name]}")

loop(DATASET, OUT / "patchml.parquet", "loop-patchml", SETS["patchml"][0])
found = pandas.read_parquet(OUT / "patchml.parquet")
expected = pandas.read_parquet(scores_of("patchml") / "predictions.parquet")
check(found.dtypes.to_dict(), expected.dtypes.to_dict(), "columns")
check(found["id"].tolist(), expected["id"].tolist(), "ids of the loop")
for column, allowed in (("top_classes", 0), ("top_probs", TOLERANCE)):
    got, wanted = numpy.stack(found[column]), numpy.stack(expected[column])
    check(bool((abs(got - wanted) <= allowed * wanted.max()).all()), True, f"{column} of the loop")
ok(f"{len(MODELS) + 2} models within {worst:.1g} of torch's largest logit")

"""Exports timm's models to ONNX, each with the card by which patchml feeds it.

    pip install torch timm onnx onnxscript onnxruntime
    python3 scripts/export-timm.py resnet50.a1_in1k 'convnext_*.fb_in1k' --out models
    python3 scripts/export-timm.py --results results-imagenet.csv 'vit_*' --out models

A model is called as timm calls it; `local-dir:FOLDER` is one that timm saved. A pattern stands for
every model with published weights that it matches. With --results, one of timm's results files, they
choose its rows, by default all: a row is a model at a size, with the crop and the filter of the row.
Without, a model gets the size and the crop that timm evaluates it with, those of testing before those
of training.

Each becomes NAME.onnx and NAME.yaml: input [batch, 3, height, width] float32, output logits
[batch, 1000]. Where onnxruntime is installed, its logits are compared with torch's. A model that
fails is named at the end; the others are exported. The card is written last, so that what has one is
complete; a second run keeps it.
"""

import argparse
import collections
import csv
import fnmatch
import hashlib
import importlib.util
import json
import os
import pathlib
import re
import sys
import tempfile

import timm
import torch
import yaml
from timm.data import ImageNetInfo, resolve_data_config

MODES = {"center": "shorter-side", "squash": "squash", "border": "letterbox"}
FILTERS = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")
# Largest difference to torch's logits, as a part of the largest logit.
TOLERANCE = 1e-3
# Protobuf holds 2 GB: the weights of a larger model go into a file beside it.
LARGE = 2**31 - 2**27


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="MODEL", help="names, or patterns such as 'vit_*'")
    parser.add_argument("--results", type=pathlib.Path, help="one of timm's results-*.csv")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder of models and cards")
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument("--pretrained", action="store_true", help="published weights (default)")
    weights.add_argument("--random-weights", action="store_true", help="for a trial, without a download")
    parser.add_argument("--seed", type=int, default=0, help="of random weights (default 0)")
    parser.add_argument("--opset", type=int, default=18, help="ONNX operator set (default 18)")
    parser.add_argument("--overwrite", action="store_true", help="replace models that are there")
    options = parser.parse_args()
    options.weights = f"random weights, seed {options.seed}" if options.random_weights else "pretrained"
    jobs = jobs_of(options, parser)
    options.out.mkdir(parents=True, exist_ok=True)
    failed = []
    for job in jobs:
        try:
            print(f"{label(job)}: {export(job, options)}", flush=True)
        except Exception as error:
            reason = (str(error).strip() or repr(error)).splitlines()[0]
            failed.append(f"{label(job)}: {reason}")
            print(f"{label(job)}: failed, {reason}", file=sys.stderr, flush=True)
    print(f"{len(jobs) - len(failed)} of {len(jobs)} models are in {options.out}")
    if failed:
        sys.exit("\n".join(["failed:", *failed]))


def jobs_of(options, parser):
    """The models to export, each with what is said of it: its size, crop and filter."""
    if options.results is None:
        if not options.models:
            parser.error("name a model, or pass --results")
        names = [name for asked in options.models for name in expand(asked, parser)]
        return [{"model": name} for name in dict.fromkeys(names)]
    with options.results.open(newline="") as file:
        reader = csv.DictReader(file)
        if "model" not in (reader.fieldnames or []):
            parser.error(f"{options.results}: expected a column named model")
        rows = list(reader)
    patterns = options.models or ["*"]
    chosen = [row for row in rows if any(fnmatch.fnmatchcase(row["model"], each) for each in patterns)]
    if not chosen:
        parser.error(f"{options.results}: no row's model matches {' '.join(patterns)}")
    keys = collections.Counter((row["model"], row.get("img_size")) for row in chosen)
    twice = [key for key, times in keys.items() if times > 1]
    if twice:
        parser.error(f"{options.results}: {twice[0][0]} at {twice[0][1]} px is there twice")
    kinds = {"img_size": int, "crop_pct": float, "interpolation": str}
    return [
        {"model": row["model"], **{name: kind(row[name]) for name, kind in kinds.items() if row.get(name)}}
        for row in chosen
    ]


def expand(asked, parser):
    if not any(sign in asked for sign in "*?["):
        return [asked]
    found = timm.list_models(asked, pretrained=True)
    return found or parser.error(f"no model with published weights matches {asked}")


def label(job):
    return f"{job['model']} at {job['img_size']} px" if "img_size" in job else job["model"]


def export(job, options):
    """Exports one model; returns what there is to say of it."""
    model, config, name = create(job, options)
    made_of = f"timm {timm.__version__}: {label(job)}, {options.weights}, opset {options.opset}"
    card = options.out / f"{name}.yaml"
    fields = card_fields(config)
    if card.exists() and not options.overwrite:
        text = card.read_text()
        if text.startswith(f"# {made_of}\n") and yaml.safe_load(text).items() >= fields.items():
            return f"kept {card}"
        raise FileExistsError(f"{card} is of another export; pass --overwrite to replace it")
    with tempfile.TemporaryDirectory(dir=options.out, prefix=f".{name}-") as folder:
        graph = pathlib.Path(folder) / f"{name}.onnx"
        write_graph(model, config["input_size"], graph, options.opset)
        compared = compare(model, config["input_size"], graph)
        fields = {"name": name, "model": graph.name, "sha256": digest(graph), **fields}
        text = f"# {made_of}\n{yaml.safe_dump(fields, sort_keys=False)}"
        (pathlib.Path(folder) / card.name).write_text(text)
        card.unlink(missing_ok=True)
        # The card last.
        for path in sorted(pathlib.Path(folder).iterdir(), key=lambda path: path.name == card.name):
            with path.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(path, options.out / path.name)
    return f"{card}, {compared}"


def create(job, options):
    """The model, how timm feeds it, and what it is called here."""
    chosen = {name: value for name, value in job.items() if name != "model"}

    def build(**more):
        torch.manual_seed(options.seed)
        return timm.create_model(
            job["model"], pretrained=not options.random_weights, exportable=True, **more
        ).eval()

    model = build()
    cfg = model.pretrained_cfg
    default = resolve_data_config({}, pretrained_cfg=cfg, use_test_size=True)
    config = resolve_data_config(chosen, pretrained_cfg=cfg, use_test_size=True)
    trained = tuple(cfg["input_size"])
    if config["input_size"] != default["input_size"] and "crop_pct" not in chosen:
        if config["input_size"] != trained:
            raise ValueError(f"the crop at {job['img_size']} px is unknown: there is no crop_pct")
        config["crop_pct"] = cfg["crop_pct"]
    if cfg.get("fixed_input_size") and config["input_size"] != trained:
        model = build(img_size=config["input_size"][1:])
    require_imagenet(model)
    name = re.sub(r"[^\w.-]+", "-", job["model"].rsplit("/", 1)[-1].rsplit(":", 1)[-1])
    is_default = config["input_size"] == default["input_size"]
    return model, config, name if is_default else f"{name}-{job['img_size']}"


def require_imagenet(model):
    if model.num_classes != 1000:
        raise ValueError(f"it has {model.num_classes} classes, not the 1,000 of ImageNet-1k")
    names = model.pretrained_cfg.get("label_names")
    if names and list(names) != list(ImageNetInfo("imagenet-1k").label_names()):
        raise ValueError("its label_names are not the synsets of ImageNet-1k in their order")


def card_fields(config):
    """The card's fields for what timm's create_transform does for evaluation."""
    channels, height, width = config["input_size"]
    if channels != 3:
        raise ValueError(f"it takes {channels} channels, not 3")
    if config["interpolation"] not in FILTERS:
        raise ValueError(f"interpolation {config['interpolation']} is not one filter")
    if config["crop_mode"] not in MODES:
        raise ValueError(f"crop_mode {config['crop_mode']} is unknown")
    mean, std = ([float(value) for value in config[name]] for name in ("mean", "std"))
    resize = {
        "mode": MODES[config["crop_mode"]],
        "interpolation": config["interpolation"],
        "antialias": True,
        "cropFraction": float(config["crop_pct"]),
    }
    if config["crop_mode"] == "border":
        resize["fill"] = [round(255 * value) for value in mean]
    return {
        "input": {
            "name": "input",
            "size": width if width == height else [width, height],
            "layout": "NCHW",
            "channels": "RGB",
            "scale": 1 / 255,
            "mean": mean,
            "std": std,
        },
        "resize": resize,
        "classes": "imagenet-1k",
        "output": {"name": "logits", "kind": "logits"},
    }


def write_graph(model, input_size, path, opset):
    tensors = [*model.parameters(), *model.buffers()]
    # Of one image the size of the batch would be taken for fixed.
    torch.onnx.export(
        model,
        (torch.zeros(2, *input_size),),
        str(path),
        input_names=["input"],
        output_names=["logits"],
        opset_version=opset,
        dynamo=True,
        dynamic_shapes=({0: "batch"},),
        external_data=sum(tensor.nbytes for tensor in tensors) >= LARGE,
        verbose=False,
    )


def compare(model, input_size, path):
    """Compares the graph's logits with torch's, of one image and of three."""
    if importlib.util.find_spec("onnxruntime") is None:
        return "not compared with torch: onnxruntime is not installed"
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(0)
    worst = 0.0
    for images in (1, 3):
        pixels = torch.randn(images, *input_size, generator=generator)
        with torch.inference_mode():
            expected = model(pixels)
        [got] = session.run(["logits"], {"input": pixels.numpy()})
        difference = (torch.from_numpy(got) - expected).abs().max()
        worst = max(worst, (difference / expected.abs().max().clamp(min=1e-30)).item())
    if not worst <= TOLERANCE:
        raise ValueError(f"the graph's logits differ from torch's by {worst:.2g} of the largest")
    return f"within {worst:.1g} of torch's largest logit"


def digest(graph):
    """The digest that patchml knows a model by: of the file, or of all where the weights lie beside it."""
    own = sha256(graph)
    beside = {path.name: sha256(path) for path in graph.parent.iterdir() if path != graph}
    if not beside:
        return own
    described = json.dumps({"model": own, "weights": beside}, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(described.encode()).hexdigest()


def sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    main()

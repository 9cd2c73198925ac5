"""Trains the bundled model, configs/models/sample.onnx, writes its card beside it and says what it
is worth. A small residual network learns the sample's 40 classes from its train split: one label an
image, cross-entropy, crops, flips and colours. The same machine and library versions give the same
bytes.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install -r scripts/requirements-train.txt
    npm run demo
    node dist/scripts/make-sample.js --out output/train-sample --train-per-class 80
    /tmp/venv/bin/python scripts/train-sample-model.py --patchml output/demo
"""

import argparse
import hashlib
import json
import pathlib
import time
import xml.etree.ElementTree

import numpy as np
import onnx
import onnxruntime
import torch
from PIL import Image
from torch import nn

SEED = 20240118
SIDE = 96
EPOCHS = 16
BATCH = 64
SCALE = 1 / 255
MEAN = np.array([0.485, 0.456, 0.406])
STD = np.array([0.229, 0.224, 0.225])
# Training images are kept in memory this small, px along the shorter side.
KEPT_SIDE = 176


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=pathlib.Path, default="output/train-sample")
    parser.add_argument("--patchml", type=pathlib.Path, help="a PatchML dataset to evaluate on")
    parser.add_argument("--out", type=pathlib.Path, default="configs/models")
    parser.add_argument("--evaluate", action="store_true", help="train nothing")
    options = parser.parse_args()
    wnids = sorted(path.name for path in (options.sample / "train" / "images").iterdir())
    file = options.out / "sample.onnx"
    if not options.evaluate:
        options.out.mkdir(parents=True, exist_ok=True)
        export(train(options.sample / "train" / "images", wnids), file)
        (options.out / "sample.yaml").write_text(card(wnids), encoding="ascii")
    print(f"{file}: {file.stat().st_size} bytes, {hashlib.sha256(file.read_bytes()).hexdigest()}")
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    evaluate_val(session, options.sample / "val", wnids)
    if options.patchml:
        evaluate_patchml(session, options.patchml, wnids)


# Training


def train(folder, wnids):
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(2)  # sums of floats depend on it
    images, labels = load(folder, wnids)
    model = network(len(wnids)).to(memory_format=torch.channels_last)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"{len(images)} images, {len(wnids)} classes, {parameters} parameters")
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.02)
    steps = EPOCHS * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    started = time.monotonic()
    for epoch in range(EPOCHS):
        rng = np.random.default_rng([SEED, epoch])
        order = rng.permutation(len(images))
        losses, hits = [], []
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            inputs = augment_batch([images[i] for i in chosen], rng)
            targets = torch.from_numpy(labels[chosen])
            logits = model(inputs)
            loss = loss_of(logits, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            hits.append((logits.argmax(1) == targets).float().mean().item())
        seconds = time.monotonic() - started
        print(
            f"epoch {epoch + 1}/{EPOCHS}: loss {np.mean(losses):.3f}, "
            f"top-1 in training {np.mean(hits):.3f}, {seconds:.0f} s",
            flush=True,
        )
    return model.eval()


def load(folder, wnids):
    """The train split: a folder a class."""
    images, labels = [], []
    for label, wnid in enumerate(wnids):
        for path in sorted((folder / wnid).iterdir()):
            image = Image.open(path).convert("RGB")
            ratio = KEPT_SIDE / min(image.size)
            size = [round(side * ratio) for side in image.size]
            images.append(image.resize(size, Image.Resampling.BILINEAR))
            labels.append(label)
    return images, np.array(labels)


def network(classes):
    """Convolutions to a 12 x 12 map, whose mean is classified: small objects count too."""
    return nn.Sequential(
        convolution(3, 16, 3, stride=2),
        nn.ReLU(),
        convolution(16, 40, 3, stride=2),
        nn.ReLU(),
        convolution(40, 40, 3),
        nn.ReLU(),
        Residual(40, 80, stride=2),
        Residual(80, 80),
        convolution(80, 160, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(160, classes),
    )


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.body = nn.Sequential(
            convolution(inputs, outputs, 3, stride),
            nn.ReLU(),
            convolution(outputs, outputs, 3),
        )
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else convolution(inputs, outputs, 1, stride)

    def forward(self, inputs):
        return torch.relu(self.body(inputs) + self.shortcut(inputs))


def convolution(inputs, outputs, kernel, stride=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


# Augmentation


def augment_batch(images, rng):
    pixels = np.stack([np.asarray(augment(image, rng)) for image in images])
    values = pixels.astype(np.float32) / 255
    values = jitter_colours(values, rng)
    values = (values - MEAN.astype(np.float32)) / STD.astype(np.float32)
    return torch.from_numpy(values).permute(0, 3, 1, 2)


def augment(image, rng):
    """
    A random window, resized to the input: from 0.3 of the image's area to 3 times it, so that
    objects come in many sizes; what a window shows beyond the image is one colour.
    """
    area = image.width * image.height * np.exp(rng.uniform(np.log(0.3), np.log(3)))
    aspect = np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
    width, height = np.sqrt(area * aspect), np.sqrt(area / aspect)
    left, top = (
        rng.uniform(min(0, room), max(0, room))
        for room in (image.width - width, image.height - height)
    )
    shown = [max(left, 0), max(top, 0), min(left + width, image.width), min(top + height, image.height)]
    scale = np.array([SIDE / width, SIDE / height])
    x0, y0 = np.round((np.array(shown[:2]) - [left, top]) * scale).astype(int)
    x1, y1 = np.round((np.array(shown[2:]) - [left, top]) * scale).astype(int)
    colour = (255,) * 3 if rng.random() < 0.5 else tuple(map(int, rng.integers(0, 256, 3)))
    window = Image.new("RGB", (SIDE, SIDE), colour)
    size = (int(x1 - x0), int(y1 - y0))
    window.paste(image.resize(size, Image.Resampling.BILINEAR, box=shown), (int(x0), int(y0)))
    return window.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else window


def jitter_colours(values, rng):
    """Saturation, contrast and brightness, up to 30% each; one image of twenty is grey."""
    shape = (len(values), 1, 1, 1)
    grey = values.mean(axis=3, keepdims=True, dtype=np.float32)
    saturation = rng.uniform(0.7, 1.3, shape) * (rng.random(shape) > 0.05)
    values = grey + (values - grey) * saturation.astype(np.float32)
    contrast = rng.uniform(0.7, 1.3, shape).astype(np.float32)
    brightness = rng.uniform(-0.15, 0.15, shape).astype(np.float32)
    return np.clip((values - 0.5) * contrast + 0.5 + brightness, 0, 1)


# The model and its card


def export(model, file):
    """ONNX without a trace of where it was made."""
    example = torch.zeros(2, 3, SIDE, SIDE)
    torch.onnx.export(
        model.to(memory_format=torch.contiguous_format),
        (example,),
        file,
        dynamo=False,
        opset_version=17,
        input_names=["pixels"],
        output_names=["logits"],
        dynamic_axes={"pixels": {0: "batch"}, "logits": {0: "batch"}},
    )
    exported = onnx.load(file)
    exported.producer_name, exported.producer_version = "patchml", ""
    exported.graph.name = "sample"
    for node in exported.graph.node:
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
    onnx.checker.check_model(exported, full_check=True)
    file.write_bytes(exported.SerializeToString(deterministic=True))


def card(wnids):
    mean, std = (", ".join(map(str, values)) for values in (MEAN, STD))
    classes = "\n".join(f"  - {wnid}" for wnid in wnids)
    return f"""\
# yaml-language-server: $schema=../model-card.schema.json
# The bundled model: scripts/train-sample-model.py trained it on the sample's 40 classes.
name: sample
model: sample.onnx
input:
  name: pixels
  size: {SIDE}
  layout: NCHW
  channels: RGB
  # value = (pixel * scale - mean) / std
  scale: {SCALE}
  mean: [{mean}]
  std: [{std}]
resize:
  mode: squash
  interpolation: bilinear
  antialias: true
  cropFraction: 1
classes:
{classes}
output:
  name: logits
  kind: logits
"""


# What it is worth


def evaluate_val(session, val, wnids):
    """Top-1 on the images of the val split that are there and whole."""
    hits, skipped = [], 0
    for path in sorted((val / "annotations").glob("*.xml")):
        wnid = xml.etree.ElementTree.parse(path).findtext("object/name")
        try:
            ranking = rank(session, val / "images" / f"{path.stem}.JPEG")
        except OSError:
            skipped += 1
            continue
        hits.append(wnids[ranking[0]] == wnid)
    print(f"val: top-1 {np.mean(hits):.4f} of {len(hits)} images, {skipped} not readable")


def evaluate_patchml(session, dataset, wnids):
    """Variable top-k: the share of an image's k labels among the k highest-ranked classes."""
    shares = {}
    for line in (dataset / "metadata.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        labels = set(row["wnids"])
        ranking = rank(session, dataset / row["file_name"])
        found = labels & {wnids[i] for i in ranking[: len(labels)]}
        shares.setdefault(len(labels), []).append(len(found) / len(labels))
    for k, group in sorted(shares.items()):
        print(f"PatchML, k = {k}: {np.mean(group):.4f} of {len(group)} images, chance {k / len(wnids):.3f}")
    everything = [share for group in shares.values() for share in group]
    asma = np.mean([np.mean(group) for group in shares.values()])
    chance = np.mean([k / len(wnids) for k, group in shares.items() for _ in group])
    print(f"PatchML: variable top-k {np.mean(everything):.4f}, ASMA {asma:.4f}, chance {chance:.3f}")


def rank(session, path):
    image = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    values = (np.asarray(image, np.float64) * SCALE - MEAN) / STD
    [logits] = session.run(["logits"], {"pixels": values.astype(np.float32).transpose(2, 0, 1)[None]})
    return np.argsort(-logits[0], kind="stable")


main()

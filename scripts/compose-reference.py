"""Writes test/generate/compose-reference.json: digests of the images of a dataset as Pillow makes them
from the source images, their annotations and the places in the dataset's metadata.jsonl. Nothing else
of the dataset is looked at. The test that reads it says how the dataset was generated.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install pillow
    /tmp/venv/bin/python scripts/compose-reference.py DATASET IMAGES ANNOTATIONS
"""

import hashlib
import json
import math
import pathlib
import sys
import xml.etree.ElementTree

import PIL
from PIL import Image

DATASET, IMAGES, ANNOTATIONS = map(pathlib.Path, sys.argv[1:4])
CANVAS = 224
STORED = 196  # the side of the canvas's central part, 224 x 0.875: no patch is stored larger


def half_up(number):
    return max(1, math.floor(number + 0.5))


def patch(name):
    """An object's pixels, scaled down to what a pool stores."""
    image, number = name.split("#")
    box = xml.etree.ElementTree.parse(ANNOTATIONS / f"{image}.xml").findall("object")[int(number)].find("bndbox")
    x0, y0, x1, y1 = (int(box.find(side).text) for side in ("xmin", "ymin", "xmax", "ymax"))
    picture = Image.open(IMAGES / f"{image}.JPEG").convert("RGB")
    # The annotation's last column and row belong to the box.
    cut = picture.crop((x0, y0, min(x1 + 1, picture.width), min(y1 + 1, picture.height)))
    longer = max(cut.size)
    if longer <= STORED:
        return cut
    return cut.resize([half_up(side * STORED / longer) for side in cut.size], Image.Resampling.LANCZOS)


def compose(row):
    canvas = Image.new("RGB", (CANVAS, CANVAS), "white")
    for name, (x, y, width, height) in zip(row["objects"]["patch"], row["objects"]["bbox"]):
        canvas.paste(patch(name).resize((width, height), Image.Resampling.LANCZOS), (x, y))
    return hashlib.sha256(canvas.tobytes()).hexdigest()


rows = [json.loads(line) for line in (DATASET / "metadata.jsonl").read_text().splitlines()]
reference = {
    "made_by": "scripts/compose-reference.py",
    "versions": {"pillow": PIL.__version__},
    "images": {row["id"]: compose(row) for row in rows},
}
with open("test/generate/compose-reference.json", "w", encoding="ascii") as file:
    json.dump(reference, file, indent=2)
    file.write("\n")

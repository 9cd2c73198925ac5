"""COCO instances: by pycocotools, with its own evaluation run on the truth itself."""

import contextlib
import io
import json

from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from expected import CLASSES, DATASET, EXPORTS, ROWS, check, ok, pixels

FILE = EXPORTS / "coco" / "instances.json"

with contextlib.redirect_stdout(io.StringIO()):
    coco = COCO(str(FILE))
check(sorted(coco.getCatIds()), CLASSES, "categories")
names = [category["name"] for category in coco.loadCats(coco.getCatIds())]
check(len(set(names)), len(names), "unique names")
check(len(coco.getImgIds()), len(ROWS), "images")
annotations = json.loads(FILE.read_text())["annotations"]
check(len({annotation["id"] for annotation in annotations}), len(annotations), "unique ids")

for image_id, row in zip(sorted(coco.getImgIds()), ROWS):
    (image,) = coco.loadImgs(image_id)
    check(image["file_name"], row["file_name"], "file name")
    opened = Image.open(DATASET / image["file_name"])
    check(opened.size, (image["width"], image["height"]), f"size of {row['id']}")
    check(pixels(opened), row["pixels_sha256"], f"pixels of {row['id']}")
    objects = coco.loadAnns(coco.getAnnIds(imgIds=image_id))
    check([one["bbox"] for one in objects], row["objects"]["bbox"], f"boxes of {row['id']}")
    check([one["category_id"] for one in objects], row["objects"]["category"], f"of {row['id']}")
    for one in objects:
        check(int(coco.annToMask(one).sum()), one["area"], f"area of {row['id']}")

with contextlib.redirect_stdout(io.StringIO()):
    found = coco.loadRes([
        {"image_id": a["image_id"], "category_id": a["category_id"], "bbox": a["bbox"], "score": 1.0}
        for a in annotations
    ])
    evaluation = COCOeval(coco, found, "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
check(round(float(evaluation.stats[0]), 6), 1.0, "AP of the truth against itself")
ok(f"{len(ROWS)} images, {len(annotations)} annotations, {len(CLASSES)} categories; AP 1.0 of itself")

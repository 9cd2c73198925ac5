"""YOLO: by supervision, which reads Ultralytics' layout."""

from pathlib import Path

import supervision
import yaml
from PIL import Image

from expected import EXPORTS, ROWS, check, ok, pixels

FOLDER = EXPORTS / "yolo"

data = yaml.safe_load((FOLDER / "data.yaml").read_text())
check(len(data["names"]), 1000, "names")
check(len(set(data["names"].values())), 1000, "unique names")
check(data["names"][134], "crane (134)", "name")

loaded = supervision.DetectionDataset.from_yolo(
    images_directory_path=str(FOLDER / data["val"]),
    annotations_directory_path=str(FOLDER / data["val"].replace("images", "labels")),
    data_yaml_path=str(FOLDER / "data.yaml"),
)
check(len(loaded), len(ROWS), "images")
by_id = {row["id"]: row for row in ROWS}
for path, _, found in loaded:
    row = by_id.pop(Path(path).stem)
    check(pixels(Image.open(path)), row["pixels_sha256"], f"pixels of {row['id']}")
    check(found.class_id.tolist(), row["objects"]["category"], f"classes of {row['id']}")
    boxes = [[x0, y0, x1 - x0, y1 - y0] for x0, y0, x1, y1 in found.xyxy.round().astype(int).tolist()]
    check(boxes, row["objects"]["bbox"], f"boxes of {row['id']}")
check(by_id, {}, "images left over")
ok(f"{len(ROWS)} images, 1,000 names")

"""Parquet: by Hugging Face datasets from the folder and from the files, by pyarrow and pandas."""

import hashlib
import json

import pandas
import pyarrow.parquet as pq
from datasets import ClassLabel, Image, load_dataset

from expected import COLUMNS, EXPORTS, ROWS, check, ok, pixels

FOLDER = EXPORTS / "parquet"
FILES = sorted(FOLDER.glob("data/*.parquet"))


def same_rows(loaded, how):
    check(len(loaded), len(ROWS), f"images {how}")
    check(isinstance(loaded.features["image"], Image), True, f"Image {how}")
    labels = loaded.features["labels"].feature
    check(isinstance(labels, ClassLabel), True, f"ClassLabel {how}")
    check(labels.num_classes, 1000, f"classes {how}")
    check(len(set(labels.names)), 1000, f"unique names {how}")
    check(labels.int2str([0, 134]), ["tench", "crane (134)"], f"names {how}")
    category = loaded.features["objects"]["category"].feature
    check(isinstance(category, ClassLabel), True, f"ClassLabel of objects {how}")
    for got, row in zip(loaded, ROWS):
        check(pixels(got["image"]), row["pixels_sha256"], f"pixels of {row['id']} {how}")
        for column in COLUMNS:
            check(got[column], row[column], f"{column} of {row['id']} {how}")


loaded = load_dataset(str(FOLDER))
check(list(loaded), ["val"], "splits of the folder")
same_rows(loaded["val"], "from the folder")
files = {"val": [str(path) for path in FILES]}
same_rows(load_dataset("parquet", data_files=files, split="val"), "from the files")
streamed = load_dataset("parquet", data_files=files, split="val", streaming=True)
check([row["id"] for row in streamed], [row["id"] for row in ROWS], "ids, streamed")

check(len(FILES), 3, "shards")
check([pq.ParquetFile(path).metadata.num_rows for path in FILES], [2, 5, 5], "rows a shard")
for path in FILES:
    metadata = pq.read_schema(path).metadata
    check("features" in json.loads(metadata[b"huggingface"])["info"], True, "declared features")
frame = pandas.concat(pandas.read_parquet(path) for path in FILES)
for (_, got), row in zip(frame.iterrows(), ROWS):
    check(hashlib.sha256(got["image"]["bytes"]).hexdigest(), row["sha256"], "image bytes, pandas")
    check(got["image"]["path"], row["file_name"].split("/")[-1], "image path, pandas")
    check(list(got["labels"]), row["labels"], "labels, pandas")
    check([list(box) for box in got["objects"]["bbox"]], row["objects"]["bbox"], "boxes, pandas")
ok(f"{len(ROWS)} images in {len(FILES)} files, from the folder, the files, streamed and by pandas")

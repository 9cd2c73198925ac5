"""The dataset folder as it is, by Hugging Face datasets."""

from datasets import load_dataset

from expected import DATASET, ROWS, check, ok, pixels

loaded = load_dataset("imagefolder", data_dir=str(DATASET), split="train")
check(len(loaded), len(ROWS), "images")
by_id = {row["id"]: row for row in ROWS}
seen = set()
for got in loaded:
    row = by_id[got["id"]]
    seen.add(got["id"])
    check(pixels(got["image"]), row["pixels_sha256"], f"pixels of {row['id']}")
    for column in ("k", "labels", "wnids", "objects", "sha256", "pixels_sha256"):
        check(got[column], row[column], f"{column} of {row['id']}")
check(len(seen), len(ROWS), "ids")
ok(f"{len(seen)} images, columns {', '.join(loaded.column_names)}")

"""The dataset folder as it is, and the release around it, by Hugging Face datasets."""

import json
import shutil

from datasets import get_dataset_config_names, load_dataset

from expected import COLUMNS, DATASET, RELEASE, ROWS, check, ok, pixels

NAMES = [row["name"] for row in json.loads((DATASET / "classes.json").read_text())]
KS = sorted({row["k"] for row in ROWS})


def same_rows(loaded, rows, how):
    check([got["id"] for got in loaded], [row["id"] for row in rows], f"ids {how}")
    for got, row in zip(loaded, rows):
        check(pixels(got["image"]), row["pixels_sha256"], f"pixels of {row['id']} {how}")
        for column in COLUMNS:
            check(got[column], row[column], f"{column} of {row['id']} {how}")


def named(loaded, how):
    check(loaded.features["labels"].feature.names, NAMES, f"names {how}")
    check(loaded.features["objects"]["category"].feature.names, NAMES, f"names of objects {how}")


def every_config(path, how):
    check(get_dataset_config_names(path), ["default", *(f"k{k}" for k in KS)], f"configs {how}")
    loaded = load_dataset(path)
    check(list(loaded), ["val"], f"splits {how}")
    named(loaded["val"], how)
    same_rows(loaded["val"], ROWS, how)
    for k in KS:
        rows = [row for row in ROWS if row["k"] == k]
        some = load_dataset(path, f"k{k}", split="val")
        named(some, f"{how}, k{k}")
        same_rows(some, rows, f"{how}, k{k}")
        same_rows(load_dataset(path, f"k{k}", split="val", streaming=True), rows, f"{how}, streamed")


every_config(str(DATASET), "of the dataset")
every_config(str(RELEASE), "of the release, with Parquet")
plain = RELEASE.parent / "plain" / RELEASE.name
every_config(str(plain), "of the release, without Parquet")

# As those did who had no card: the folder's files, whatever the card says.
moved = RELEASE.parent / "no-card"
shutil.copytree(DATASET, moved, ignore=shutil.ignore_patterns("README.md"))
same_rows(load_dataset("imagefolder", data_dir=str(moved), split="train"), ROWS, "without a card")
ok(f"{len(ROWS)} images, {len(KS)} numbers of objects, from the dataset and two releases")

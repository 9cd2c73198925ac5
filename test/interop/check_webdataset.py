"""WebDataset shards: by webdataset itself and by Hugging Face datasets."""

import json
import tarfile

import webdataset
from datasets import load_dataset

from expected import EXPORTS, ROWS, check, ok, pixels

FILES = sorted(str(path) for path in (EXPORTS / "webdataset").glob("*.tar"))
check([path.split("/")[-1] for path in FILES], [f"patchml-{n:06d}.tar" for n in range(3)], "shards")

samples = list(webdataset.WebDataset(FILES, shardshuffle=False).decode("pil"))
check(len(samples), len(ROWS), "samples")
for sample, row in zip(samples, ROWS):
    check(sample["__key__"], row["id"], "key")
    check(sample["json"], row, f"json of {row['id']}")
    check(pixels(sample["png"]), row["pixels_sha256"], f"pixels of {row['id']}")

loaded = load_dataset("webdataset", data_files={"val": FILES}, split="val")
check(len(loaded), len(ROWS), "rows, datasets")
for got, row in zip(loaded, ROWS):
    check(got["json"]["labels"], row["labels"], f"labels of {row['id']}, datasets")
    check(got["json"]["objects"]["bbox"], row["objects"]["bbox"], f"boxes of {row['id']}, datasets")
    check(pixels(got["png"]), row["pixels_sha256"], f"pixels of {row['id']}, datasets")

for path in FILES:
    for member in tarfile.open(path):
        about = (member.mtime, member.uid, member.gid, member.uname, member.gname, member.mode)
        check(about, (0, 0, 0, "", "", 0o644), f"{path}: {member.name}")
ok(f"{len(samples)} samples in {len(FILES)} shards, by webdataset and by datasets")

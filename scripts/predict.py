"""Runs a timm model on images with PyTorch, and writes predictions for `patchml score`:

    pip install torch timm pyarrow
    python3 scripts/predict.py resnet50.a1_in1k output/paper predictions.parquet
    npx patchml score --predictions predictions.parquet --dataset output/paper --model resnet50.a1_in1k

IMAGES is a PatchML dataset, or a folder of images, in folders by class or not. A file .parquet holds
the best classes of each image and their probabilities, .npz the logits of all classes, which every
metric can be computed from. An image that cannot be opened ends the run.
"""

import argparse
import json
import os
import pathlib

import numpy as np
import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_data_config

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


class Images(torch.utils.data.Dataset):
    """A PatchML dataset in its own order; of a folder the images in the order of their paths."""

    def __init__(self, folder, transform):
        self.folder, self.transform = folder, transform
        if (folder / "metadata.jsonl").exists():
            rows = [json.loads(line) for line in (folder / "metadata.jsonl").open()]
            self.files = {row["id"]: row["file_name"] for row in rows}
        else:
            found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
            paths = sorted(path.relative_to(folder).as_posix() for path in found)
            self.files = {os.path.splitext(path)[0]: path for path in paths}
        self.ids = list(self.files)

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, index):
        path = self.folder / self.files[self.ids[index]]
        with Image.open(path) as image:
            return self.transform(image.convert("RGB"))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="as timm calls it")
    parser.add_argument("images", type=pathlib.Path, help="a PatchML dataset, or a folder of images")
    parser.add_argument("out", type=pathlib.Path, help="the file to write, .parquet or .npz")
    parser.add_argument("--preprocess", choices=["card", "whole"], help="the model's own crop, or none (default for PatchML)")
    parser.add_argument("--random-weights", type=int, metavar="SEED", help="for a trial, without a download")
    parser.add_argument("--top", type=int, default=20, help="classes kept in a .parquet (default 20)")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    if options.out.suffix not in (".parquet", ".npz"):
        parser.error("OUT ends in .parquet or .npz")

    torch.manual_seed(options.random_weights or 0)
    model = timm.create_model(options.model, pretrained=options.random_weights is None)
    model = model.eval().to(options.device)
    config = resolve_data_config({}, model=model, use_test_size=True)
    is_patchml = (options.images / "metadata.jsonl").exists()
    if (options.preprocess or ("whole" if is_patchml else "card")) == "whole":
        config |= {"crop_mode": "squash", "crop_pct": 1.0}
    images = Images(options.images, create_transform(**config))
    loader = torch.utils.data.DataLoader(images, options.batch, num_workers=options.workers)
    with torch.inference_mode():
        logits = torch.cat([model(batch.to(options.device)).float().cpu() for batch in loader])

    partial = options.out.with_name(f".{options.out.stem}.partial{options.out.suffix}")
    if options.out.suffix == ".npz":
        np.savez(partial, ids=np.array(images.ids), logits=logits.numpy())
    else:
        # Of classes that tie, the lower first, as patchml ranks them.
        classes = logits.argsort(dim=1, descending=True, stable=True)[:, : options.top]
        write_parquet(partial, images.ids, classes, logits.softmax(1).gather(1, classes))
    os.replace(partial, options.out)
    print(f"{options.out}: {len(images)} images, {config}")


def write_parquet(path, ids, classes, probs):
    import pyarrow
    import pyarrow.parquet

    columns = {
        "id": pyarrow.array(ids),
        "top_classes": pyarrow.array(classes.int().tolist(), pyarrow.list_(pyarrow.int32())),
        "top_probs": pyarrow.array(probs.tolist(), pyarrow.list_(pyarrow.float32())),
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), path)


if __name__ == "__main__":
    main()

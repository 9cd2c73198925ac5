"""Runs a model on images as a user of onnxruntime and Pillow would do it: two threads prepare the
images of the next batches while the model runs, in two threads, on the one before.

python3 evaluate_peer.py JOB.json FOLDER
    {"model": PATH, "images": [PATH], "batch": 16, "spins": true,
     "resize": {"to": 256, "filter": "BILINEAR"}, absent for images of the size of the model,
     "scale": number, "mean": [3 numbers], "std": [3 numbers]}

Threads, not processes: decoding, resizing and the model leave Python's lock, and processes took a
tenth more CPU time. Writes the five best classes and their probabilities into FOLDER/top.csv, and
prints one line of JSON: {"count", "seconds", "cpuMs"}. Starting Python is not measured.
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
from PIL import Image

SIDE = 224
WORKERS = 2
SESSION_THREADS = 2
AHEAD = 2


def prepare(path, job, target):
    image = Image.open(path).convert("RGB")
    if "resize" in job:
        image = resize_and_crop(image, **job["resize"])
    np.multiply(np.asarray(image).transpose(2, 0, 1), np.float32(job["scale"]), out=target)
    target -= job["mean"]
    target /= job["std"]


def resize_and_crop(image, to, filter):
    """As torchvision's Resize(to) and CenterCrop(SIDE)."""
    width, height = image.size
    short = min(width, height)
    size = (to * width // short, to * height // short)
    image = image.resize(size, Image.Resampling[filter])
    x, y = (round((side - SIDE) / 2) for side in size)
    return image.crop((x, y, x + SIDE, y + SIDE))


def open_session(job):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = SESSION_THREADS
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(job["spins"])))
    return onnxruntime.InferenceSession(job["model"], options, providers=["CPUExecutionProvider"])


def write_top(paths, logits, out):
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    best = np.argpartition(-logits, 5, axis=1)[:, :5]
    order = np.argsort(-np.take_along_axis(logits, best, axis=1), axis=1, kind="stable")
    best = np.take_along_axis(best, order, axis=1)
    for path, classes, row in zip(paths, best, chances):
        top = [*classes, *(f"{chance:.6f}" for chance in row[classes])]
        out.write(",".join(map(str, [os.path.basename(path), *top])) + "\n")


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    job["mean"], job["std"] = (np.float32(job[key])[:, None, None] for key in ("mean", "std"))
    images, batch = job["images"], job["batch"]
    batches = [images[at : at + batch] for at in range(0, len(images), batch)]
    start, cpu = time.perf_counter(), time.process_time()
    session = open_session(job)
    name = session.get_inputs()[0].name
    with ThreadPoolExecutor(WORKERS) as pool, open(os.path.join(sys.argv[2], "top.csv"), "w") as out:

        def begin(paths):
            values = np.empty((len(paths), 3, SIDE, SIDE), np.float32)
            return values, [pool.submit(prepare, path, job, values[at]) for at, path in enumerate(paths)]

        begun = [begin(paths) for paths in batches[:AHEAD]]
        for at, paths in enumerate(batches):
            values, parts = begun.pop(0)
            for part in parts:
                part.result()
            if at + AHEAD < len(batches):
                begun.append(begin(batches[at + AHEAD]))
            write_top(paths, session.run(None, {name: values})[0], out)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(json.dumps({"count": len(images), "seconds": seconds, "cpuMs": 1000 * cpu}))


if __name__ == "__main__":
    main()

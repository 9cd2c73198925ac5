"""The work of extract and compose as a Pillow user would do it, in two processes.

python3 pillow_peer.py extract ROWS.jsonl OUT
    a row: {"path", "boxes": [[x0, y0, x1, y1]], "sizes": [[width, height]]}
python3 pillow_peer.py compose ROWS.jsonl OUT PATCHES.bin png|jpeg
    a row: {"id", "objects": [{"offset", "width", "height", "bbox": [x, y, w, h]}]}

Prints one line of JSON: {"count", "seconds"}.
"""

import hashlib
import io
import json
import multiprocessing
import os
import sys
import time

from PIL import Image

PROCESSES = 2


def extract(rows, out, part):
    with open(os.path.join(out, f"patches-{part}.bin"), "wb") as pixels:
        for row in rows:
            image = Image.open(row["path"]).convert("RGB")
            for box, size in zip(row["boxes"], row["sizes"]):
                patch = image.crop(box)
                if list(patch.size) != size:
                    patch = patch.resize(size, Image.LANCZOS)
                data = patch.tobytes()
                hashlib.sha256(data).hexdigest()
                pixels.write(data)


def compose(rows, out, part, pool, encoding):
    options = {"png": {"format": "PNG"}, "jpeg": {"format": "JPEG", "quality": 95, "subsampling": 0}}
    with open(pool, "rb") as patches, open(os.path.join(out, f"{part}.jsonl"), "w") as metadata:
        for row in rows:
            canvas = Image.new("RGB", (224, 224), "white")
            for item in row["objects"]:
                patches.seek(item["offset"])
                size = (item["width"], item["height"])
                patch = Image.frombytes("RGB", size, patches.read(3 * size[0] * size[1]))
                x, y, width, height = item["bbox"]
                canvas.paste(patch.resize((width, height), Image.LANCZOS), (x, y))
            file = io.BytesIO()
            canvas.save(file, **options[encoding])
            data = file.getvalue()
            with open(os.path.join(out, row["id"] + "." + encoding), "wb") as target:
                target.write(data)
            digests = [hashlib.sha256(d).hexdigest() for d in (data, canvas.tobytes())]
            metadata.write(json.dumps([row["id"], row["objects"], digests]) + "\n")


def main():
    work, rows_file, out, *rest = sys.argv[1:]
    with open(rows_file) as lines:
        rows = [json.loads(line) for line in lines]
    os.makedirs(out, exist_ok=True)
    function = {"extract": extract, "compose": compose}[work]
    processes = [
        multiprocessing.Process(target=function, args=(rows[part::PROCESSES], out, part, *rest))
        for part in range(PROCESSES)
    ]
    start = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        sys.exit(1)
    print(json.dumps({"count": len(rows), "seconds": time.perf_counter() - start}))


if __name__ == "__main__":
    main()

"""The work of extract and compose as a Pillow user would do it, in two processes.

python3 pillow_peer.py extract ROWS.jsonl OUT
    a row: {"path", "boxes": [[x0, y0, x1, y1]], "sizes": [[width, height]]}
python3 pillow_peer.py compose ROWS.jsonl OUT PATCHES.bin png|jpeg
    a row: {"id", "objects": [{"offset", "width", "height", "bbox": [x, y, w, h]}]}

Prints one line of JSON: {"count", "seconds", "cpuMs"}. The start of the processes is measured, the
reading of ROWS.jsonl is not.
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
ENCODINGS = {
    "png": {"format": "PNG"},
    "jpeg": {"format": "JPEG", "quality": 95, "subsampling": 0},
}


def extract(rows, out, part):
    with (
        open(os.path.join(out, f"patches-{part}.bin"), "wb") as pixels,
        open(os.path.join(out, f"patches-{part}.jsonl"), "w") as metadata,
    ):
        for row in rows:
            try:
                image = Image.open(row["path"]).convert("RGB")
            except OSError:  # cut off: extract counts and drops it
                continue
            for box, size in zip(row["boxes"], row["sizes"]):
                patch = image.crop(box)
                if list(patch.size) != size:
                    patch = patch.resize(size, Image.LANCZOS)
                data = patch.tobytes()
                pixels.write(data)
                digest = hashlib.sha256(data).hexdigest()
                metadata.write(json.dumps([row["path"], box, size, digest]) + "\n")


def compose(rows, out, part, pool, encoding):
    options = ENCODINGS[encoding]
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
            canvas.save(file, **options)
            data = file.getvalue()
            with open(os.path.join(out, f"{row['id']}.{options['format'].lower()}"), "wb") as target:
                target.write(data)
            digests = [hashlib.sha256(d).hexdigest() for d in (data, canvas.tobytes())]
            metadata.write(json.dumps([row["id"], row["objects"], digests]) + "\n")


def run(work, *arguments):
    """Runs one process's part and returns the CPU time that it took."""
    start = time.process_time()
    {"extract": extract, "compose": compose}[work](*arguments)
    return time.process_time() - start


def main():
    work, rows_file, out, *rest = sys.argv[1:]
    with open(rows_file) as lines:
        rows = [json.loads(line) for line in lines]
    parts = [(work, rows[part::PROCESSES], out, part, *rest) for part in range(PROCESSES)]
    start = time.perf_counter()
    with multiprocessing.Pool(PROCESSES) as pool:
        cpu = pool.starmap(run, parts, chunksize=1)
    seconds = time.perf_counter() - start
    print(json.dumps({"count": len(rows), "seconds": seconds, "cpuMs": 1000 * sum(cpu)}))


if __name__ == "__main__":
    main()

"""Writes what Pillow says of the small JPEGs in test/image/jpegs: of each as it is, cut off at every
byte, and mutated. Deterministic: the same version of Pillow gives the same file.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install pillow
    /tmp/venv/bin/python scripts/jpeg-reference.py        # from the repository root

To compare more mutations than the tests do:

    /tmp/venv/bin/python scripts/jpeg-reference.py 300 /tmp/reference.json
    JPEG_REFERENCE=/tmp/reference.json npm run jest -- dist/test/image/jpeg.test.js
"""

import hashlib
import io
import json
import pathlib
import sys
import warnings

import PIL
from PIL import Image

FOLDER = pathlib.Path("test/image/jpegs")
MUTATIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 16
OUT = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "test/image/jpeg-reference.json")


def numbers(seed):
    """A generator that JavaScript has as well: next(n) is 0 to n - 1."""
    state = seed

    def following(n):
        nonlocal state
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (state >> 16) % n

    return following


def mutated(file, seed):
    """Changes a byte or a bit, removes a few bytes, or puts a marker in, one to three times."""
    number = numbers(seed)
    data = bytearray(file)
    for _ in range(1 + number(3)):
        kind, at = number(5), number(len(data))
        if kind == 0:
            data[at] = number(256)
        elif kind == 1:
            data[at] ^= 1 << number(8)
        elif kind == 2:
            del data[at : at + 1 + number(8)]
        elif kind == 3:
            data[at:at] = bytes([0xFF, number(256)])
        else:
            data[at : at + 2] = bytes([0xFF, 192 + number(64)])
    return bytes(data)


def verdict(file):
    """A digest of the pixels as RGB; nothing where it is refused; `inks` for CMYK."""
    try:
        image = Image.open(io.BytesIO(file), formats=["JPEG"])
        image.load()
    except Exception:  # whatever Pillow raises
        return ""
    if image.mode == "CMYK":
        return "inks"
    pixels = f"{image.width} x {image.height} ".encode() + image.convert("RGB").tobytes()
    return hashlib.sha256(pixels).hexdigest()[:16]


def accepted_cuts(file):
    verdicts = ((length, verdict(file[:length])) for length in range(len(file)))
    return {length: found for length, found in verdicts if found}


warnings.simplefilter("ignore")
files = {path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.jpg"))}
reference = {
    "made_by": "scripts/jpeg-reference.py",
    "versions": {"pillow": PIL.__version__},
    "files": {
        name: {
            "whole": verdict(file),
            "accepted_cuts": accepted_cuts(file),
            "mutated": [verdict(mutated(file, seed)) for seed in range(MUTATIONS)],
        }
        for name, file in files.items()
    },
}
OUT.write_text(json.dumps(reference, indent=2) + "\n", encoding="ascii")

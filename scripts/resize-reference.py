"""Makes test/image/resize-reference.json: small pictures as Pillow resizes and decodes them.
Deterministic: the same library versions give the same file.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install pillow numpy
    /tmp/venv/bin/python scripts/resize-reference.py      # from the repository root
    npx prettier --write test/image/resize-reference.json
"""

import base64
import io
import json

import numpy as np
import PIL
from PIL import Image

KERNELS = {
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos3": Image.Resampling.LANCZOS,
}
MODERATE, FULL = 50, 100  # full: up to black and white, where overshoot is cut
CASES = [
    ((24, 18), (11, 9), MODERATE),  # down, aspect changed
    ((7, 5), (20, 13), MODERATE),  # up
    ((30, 8), (10, 24), MODERATE),  # down and up
    ((16, 16), (16, 16), FULL),  # neither
    ((7, 5), (20, 13), FULL),
    ((24, 18), (11, 9), FULL),
]


def picture(width, height, seed, contrast):
    """Slow changes, a sharp edge and noise: what photographs are made of."""
    y, x = np.mgrid[0:height, 0:width]
    slow = np.stack([np.sin(x / 5), np.cos(y / 4), np.sin((x + y) / 9)], axis=-1)
    slow[:, width // 2 :, 1] = 1.2
    noise = np.random.default_rng(seed).normal(0, 12, (height, width, 3))
    return Image.fromarray(np.clip(128 + contrast * slow + noise, 0, 255).astype(np.uint8))


def text(data):
    return base64.b64encode(data).decode("ascii")


def resized(number, size, target, contrast):
    image = picture(*size, number, contrast)
    return {
        "from": list(size),
        "to": list(target),
        "contrast": "full" if contrast == FULL else "moderate",
        "pixels": text(image.tobytes()),
        "resized": {
            name: text(image.resize(target, kernel).tobytes()) for name, kernel in KERNELS.items()
        },
    }


def cmyk():
    """Blocks of 8 x 8 px, so that JPEG keeps each colour."""
    inks = np.random.default_rng(7).integers(0, 256, (3, 4, 4)).astype(np.uint8)
    image = Image.fromarray(np.kron(inks, np.ones((8, 8, 1), np.uint8)), "CMYK")
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95)
    decoded = Image.open(file).convert("RGB")
    return {"size": list(decoded.size), "jpeg": text(file.getvalue()), "pixels": text(decoded.tobytes())}


reference = {
    "made_by": "scripts/resize-reference.py",
    "versions": {"pillow": PIL.__version__, "numpy": np.__version__},
    "resize": [resized(number, *case) for number, case in enumerate(CASES)],
    "cmyk": cmyk(),
}
with open("test/image/resize-reference.json", "w", encoding="ascii") as file:
    json.dump(reference, file, indent=2)
    file.write("\n")

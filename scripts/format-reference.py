"""Writes test/image/format-reference.json: small image files, and what Pillow decodes them to.

    python scripts/format-reference.py      # from the repository root
    npx prettier --write test/image/format-reference.json

Files and pixels (RGB, row by row) are in base64; pixels are null for a file that patchml refuses.
Needs pillow 13.0.0 and numpy.
"""

import base64
import io
import json
import pathlib
import struct
import zlib

import numpy as np
import PIL
from PIL import Image, TiffImagePlugin

WIDTH, HEIGHT = 12, 8
rng = np.random.default_rng(7)


def png16(samples: np.ndarray, colour_type: int) -> bytes:
    """A PNG of 16 bits a sample; Pillow writes only grey ones."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, colour_type, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def saved(image: Image.Image, form: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def sixteen(*channels: int) -> np.ndarray:
    return rng.integers(0, 65536, (HEIGHT, WIDTH, *channels))


x, y = np.meshgrid(np.arange(WIDTH) * 20, np.arange(HEIGHT) * 30)
image = Image.fromarray(np.stack([x, y, (x * 2 + y) % 256], -1).astype(np.uint8))
few = image.quantize(16)
grey16 = Image.fromarray(np.where(sixteen() % 2, sixteen(), sixteen() % 400).astype(np.uint16))
turned = TiffImagePlugin.ImageFileDirectory_v2()
turned[274] = 6

files = {
    "rgb16.png": (png16(sixteen(3), 2), True),
    "rgba16.png": (png16(sixteen(4), 6), True),
    "grey16-alpha.png": (png16(sixteen(2), 4), True),
    "grey16.png": (saved(grey16, "PNG"), True),
    "grey16.tiff": (saved(grey16, "TIFF"), True),
    "palette.gif": (saved(few, "GIF"), True),
    "grey.gif": (saved(image.convert("L"), "GIF"), True),
    "animated.gif": (saved(few, "GIF", save_all=True, append_images=[few.rotate(180)]), True),
    "rgb.tiff": (saved(image, "TIFF"), True),
    "lzw.tiff": (saved(image, "TIFF", compression="tiff_lzw"), True),
    "grey.tiff": (saved(image.convert("L"), "TIFF"), True),
    "bits.tiff": (saved(image.convert("1"), "TIFF"), True),
    "palette.tiff": (saved(few, "TIFF"), True),
    "rgba.tiff": (saved(image.convert("RGBA"), "TIFF"), True),
    "rgb.avif": (saved(image, "AVIF", quality=90, subsampling="4:4:4"), True),
    "rgb.bmp": (saved(image, "BMP"), False),
    "transparent.gif": (saved(few, "GIF", transparency=few.getpixel((2, 2))), False),
    "cmyk.tiff": (saved(image.convert("CMYK"), "TIFF"), False),
    "float.tiff": (saved(image.convert("F"), "TIFF"), False),
    "turned.tiff": (saved(image, "TIFF", tiffinfo=turned), False),
}


def entry(file: bytes, is_read: bool) -> dict:
    pixels = Image.open(io.BytesIO(file)).convert("RGB").tobytes()
    return {
        "file": base64.b64encode(file).decode(),
        "pixels": base64.b64encode(pixels).decode() if is_read else None,
    }


reference = {
    "pillow": PIL.__version__,
    "formats": {name: entry(*file) for name, file in files.items()},
}
path = pathlib.Path(__file__).parent.parent / "test" / "image" / "format-reference.json"
path.write_text(json.dumps(reference, indent=2) + "\n")

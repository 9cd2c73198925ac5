"""Makes test/models/preprocess: small pictures, what Pillow makes of them as a classifier's input
with torchvision's and timm's sizes, and the top-5 classes of real models on real photographs.
Deterministic: the same library versions give the same files.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install pillow==12.0.0 numpy==2.3.5
    /tmp/venv/bin/python scripts/preprocess-reference.py      # from the repository root
    npx prettier --write test/models/preprocess

The digests of real photographs' pixels, with pillow==13.0.0, and their top-5 classes:

    /tmp/venv/bin/python scripts/preprocess-reference.py --digests IMAGES \\
        test/models/preprocess/digests.json

The top-5 classes need onnxruntime==1.30.0 too; models first, then a folder of images:

    /tmp/venv/bin/python scripts/preprocess-reference.py --top5 MODEL... IMAGES \\
        test/models/preprocess/top5.json
"""

import argparse
import hashlib
import io
import json
import math
import pathlib
import struct

import numpy as np
import PIL
from PIL import Image, ImageCms

OUT = pathlib.Path("test/models/preprocess")
BILINEAR, BICUBIC = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC
HALF = [0.5, 0.5, 0.5]

# value = (pixel * scale - mean) / std
SPECS = {
    "shorter-side-224": {
        "size": [224, 224],
        "mode": "shorter-side",
        "interpolation": "bilinear",
        "cropFraction": 0.875,
        "scale": 1 / 255,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    },
    "shorter-side-64": {
        "size": [64, 64],
        "mode": "shorter-side",
        "interpolation": "bicubic",
        "cropFraction": 0.9,
        "scale": 1 / 255,
        "mean": HALF,
        "std": HALF,
    },
    "squash-48x32": {
        "size": [48, 32],
        "mode": "squash",
        "interpolation": "bilinear",
        "scale": 1 / 255,
        "mean": [0, 0, 0],
        "std": [1, 1, 1],
    },
    "letterbox-64": {
        "size": [64, 64],
        "mode": "letterbox",
        "interpolation": "bicubic",
        "padding": 114,
        "scale": 1 / 127.5,
        "mean": [1, 1, 1],
        "std": [1, 1, 1],
    },
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--top5", nargs="+", metavar="PATH", help="MODEL... IMAGES OUT")
    parser.add_argument("--digests", nargs=2, metavar="PATH", help="IMAGES OUT")
    options = parser.parse_args()
    if options.top5:
        *models, images, out = map(pathlib.Path, options.top5)
        write_json(out, top5(models, images))
    elif options.digests:
        images, out = map(pathlib.Path, options.digests)
        write_json(out, digests(images))
    else:
        write_references()


# The geometry, as the field has it


def preprocess(image, spec):
    """The pixels of a model's input, and where they come from."""
    modes = {"shorter-side": shorter_side, "squash": squash, "letterbox": letterbox}
    kernel = {"bilinear": BILINEAR, "bicubic": BICUBIC}[spec["interpolation"]]
    return modes[spec["mode"]](image.convert("RGB"), spec, kernel)


def shorter_side(image, spec, kernel):
    """timm's floor(size / crop), torchvision's Resize(int) and CenterCrop."""
    width, height = spec["size"]
    shorter = math.floor(height / spec["cropFraction"])
    if image.width <= image.height:
        resized = (shorter, int(shorter * image.height / image.width))
    else:
        resized = (int(shorter * image.width / image.height), shorter)
    # Python rounds a half to the even number, and so does torchvision.
    left = int(round((resized[0] - width) / 2.0))
    top = int(round((resized[1] - height) / 2.0))
    pixels = image.resize(resized, kernel).crop((left, top, left + width, top + height))
    return pixels, {"resized": resized, "crop": [left, top]}


def squash(image, spec, kernel):
    return image.resize(spec["size"], kernel), {"resized": spec["size"]}


def letterbox(image, spec, kernel):
    """The whole image, as large as fits, in the middle; an odd pixel of padding goes right or below."""
    width, height = spec["size"]
    scale = min(width / image.width, height / image.height)
    exact = [image.width * scale, image.height * scale]
    assert all(abs(side % 1 - 0.5) > 1e-6 for side in exact), "no case depends on how a half rounds"
    resized = [max(1, round(side)) for side in exact]
    left, top = (width - resized[0]) // 2, (height - resized[1]) // 2
    pixels = Image.new("RGB", (width, height), (spec["padding"],) * 3)
    pixels.paste(image.resize(resized, kernel), (left, top))
    return pixels, {"resized": resized, "padding": [left, top]}


def normalise(pixels, spec):
    """float32 [channel, row, column]; each step in float32, as torchvision's are."""
    mean, std = np.float32(spec["mean"]), np.float32(spec["std"])
    values = (np.asarray(pixels, np.float64) * spec["scale"]).astype(np.float32)
    return ((values - mean) / std).transpose(2, 0, 1)


# Stored references


def write_references():
    cases = []
    for folder in (OUT / "images", OUT / "pixels"):
        folder.mkdir(parents=True, exist_ok=True)
    for name, data in pictures().items():
        (OUT / "images" / name).write_bytes(data)
        for spec_name, spec in SPECS.items():
            image = Image.open(io.BytesIO(data))
            pixels, geometry = preprocess(image, spec)
            assert pixels.size == tuple(spec["size"])
            stored = f"pixels/{name.split('.')[0]}.{spec_name}.png"
            # Pillow would hand the picture's profile on to a file that is to be pixels alone.
            pixels.save(OUT / stored, optimize=True, icc_profile=None)
            cases.append(
                {
                    "image": f"images/{name}",
                    "spec": spec_name,
                    "from": list(image.size),
                    **geometry,
                    "pixels": stored,
                    "width": pixels.width,
                    "height": pixels.height,
                    "tensor": describe(normalise(pixels, spec)),
                }
            )
    halves = [(case["resized"][0] - case["width"]) % 4 for case in cases if "crop" in case]
    assert {1, 3} <= set(halves), "crops that rounding up and rounding down would both miss"
    reference = {
        "made_by": "scripts/preprocess-reference.py",
        "versions": {"pillow": PIL.__version__, "numpy": np.__version__},
        "specs": SPECS,
        "cases": cases,
    }
    write_json(OUT / "reference.json", reference)


def describe(tensor):
    """Enough of a tensor to tell a wrong order, layout or normalisation."""
    values = tensor.astype(np.float64)
    return {
        "first": values.ravel()[:8].tolist(),
        "last": values.ravel()[-8:].tolist(),
        "mean": float(values.mean()),
        "std": float(values.std()),
        "channelMeans": values.mean(axis=(1, 2)).tolist(),
    }


def write_json(path, value):
    with open(path, "w", encoding="ascii") as file:
        json.dump(value, file, indent=2)
        file.write("\n")


# The pictures


def pictures():
    """What an evaluation set holds, as file names and bytes."""
    upright = Image.Exif()
    upright[0x0112] = 6  # "rotate by 90 degrees to show": a PyTorch loader does not
    palette = draw(160, 120, 9).quantize(32, dither=Image.Dither.NONE)
    return {
        "grey.jpg": encode(draw(260, 201, 1).convert("L"), "JPEG", quality=85),
        "icc-profile.jpg": encode_with_profile(draw(240, 180, 2)),
        "tall.jpg": encode(draw(40, 400, 3), "JPEG", quality=90, subsampling="4:4:4"),
        "wide.jpg": encode(draw(400, 40, 4), "JPEG", quality=90, progressive=True),
        "tiny.jpg": encode(draw(7, 5, 5), "JPEG", quality=95, subsampling="4:2:0"),
        "large.jpg": encode(draw(1203, 901, 6), "JPEG", quality=15, subsampling="4:2:0"),
        "cmyk.jpg": encode(draw_inks(205, 160, 7), "JPEG", quality=90),
        "exif-rotated.jpg": encode(draw(212, 150, 8), "JPEG", quality=85, exif=upright),
        "palette.png": encode(palette, "PNG", optimize=True),
        "alpha.png": encode(draw_see_through(90, 123, 10), "PNG", optimize=True),
    }


def draw(width, height, seed):
    """Slow changes, a sharp edge, fine stripes that alias unless smoothed, and noise."""
    y, x = np.mgrid[0:height, 0:width]
    across, down = x / width, y / height
    levels = np.stack(
        [
            np.sin(4 * across + seed),
            np.cos(5 * down + 2 * across + seed),
            np.sin(3 * (across + down) + 2 * seed),
        ],
        axis=-1,
    )
    levels[(across - 0.6) ** 2 + (down - 0.4) ** 2 < 0.04] = [1.3, -0.9, -0.4]
    stripes = (across < 0.3) & (down > 0.6)
    levels[stripes] += 0.8 * np.where((x + y) % 3 == 0, 1, -0.5)[stripes, None]
    noise = np.random.default_rng(seed).normal(0, 1.5, (height, width, 1))
    return Image.fromarray(np.clip(128 + 70 * levels + noise, 0, 255).astype(np.uint8))


def draw_inks(width, height, seed):
    colours = np.asarray(draw(width, height, seed))
    black = np.asarray(draw(width, height, seed + 20))[..., :1] // 2
    return Image.fromarray(np.concatenate([255 - colours, black], axis=-1), "CMYK")


def draw_see_through(width, height, seed):
    """Colours go on under the transparent part, which is what cutting alpha off shows."""
    alpha = np.linspace(0, 255, width).astype(np.uint8)
    colours = np.asarray(draw(width, height, seed))
    alphas = np.broadcast_to(alpha[None, :, None], (height, width, 1))
    return Image.fromarray(np.concatenate([colours, alphas], axis=-1), "RGBA")


def encode(image, file_format, **options):
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def encode_with_profile(image):
    profile = wide_gamut_profile()
    shown = ImageCms.profileToProfile(image, io.BytesIO(profile), ImageCms.createProfile("sRGB"))
    change = np.abs(np.asarray(image, int) - np.asarray(shown, int)).mean()
    assert change > 15, "whoever applies the profile must be seen to"
    return encode(image, "JPEG", quality=85, icc_profile=profile)


def wide_gamut_profile():
    """A display of ProPhoto's primaries and gamma 1.8, as an ICC profile of version 2."""

    def xyz(*values):
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    name = b"wide gamut\0"
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(1.8 * 256)) + b"\0\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(78),
        b"cprt": b"text\0\0\0\0public domain\0\0\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.7977, 0.2880, 0.0),
        b"gXYZ": xyz(0.1352, 0.7119, 0.0),
        b"bXYZ": xyz(0.0313, 0.0001, 0.8249),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        table += tag + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(
        ">I4sI4s4s4s6H4s28s12s48s",
        start + len(body),
        b"",
        0x02100000,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        *(2024, 1, 1, 0, 0, 0),
        b"acsp",
        b"",
        xyz(0.9642, 1.0, 0.8249)[8:],
        b"",
    )
    return header + table + body


# Real models on real photographs


def digests(images):
    """{image id: SHA-256 of its 224 x 224 RGB pixels}."""
    spec = SPECS["shorter-side-224"]
    return {
        path.stem: hashlib.sha256(preprocess(Image.open(path), spec)[0].tobytes()).hexdigest()
        for path in sorted(images.glob("*.JPEG"))
    }


def top5(models, images):
    """{model: {image id: its five highest-ranked classes}}; of a tie, the lower class first."""
    import onnxruntime

    spec = SPECS["shorter-side-224"]
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 3
    sessions = {
        model.stem: onnxruntime.InferenceSession(model, quiet, providers=["CPUExecutionProvider"])
        for model in models
    }
    found = {name: {} for name in sessions}
    for path in sorted(images.glob("*.JPEG")):
        tensor = normalise(preprocess(Image.open(path), spec)[0], spec)
        for name, session in sessions.items():
            # One at a time: a model quantised dynamically takes its range from the whole batch.
            [logits] = session.run(None, {session.get_inputs()[0].name: tensor[None]})
            found[name][path.stem] = np.argsort(-logits[0], kind="stable")[:5].tolist()
    return found


main()

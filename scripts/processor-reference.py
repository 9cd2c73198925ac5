"""Makes test/models/processors: what transformers' and timm's own image processors make of ten
pictures of odd sizes, for published configs of every kind that patchml reads. Deterministic: the
same library versions give the same files.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install transformers==5.24.0 timm==1.0.31 \\
        torch==2.15.0 torchvision==0.29.2 pillow==13.0.0 numpy==2.4.6
    /tmp/venv/bin/python scripts/processor-reference.py      # from the repository root

EfficientFormer left transformers with version 5; its reference has a file of its own:

    python3 -m venv /tmp/venv4 && /tmp/venv4/bin/pip install transformers==4.57.6 \\
        pillow==13.0.0 numpy==2.4.6
    /tmp/venv4/bin/python scripts/processor-reference.py --efficientformer

The pictures are drawn with whole numbers, so that the test draws the same. Of each tensor the
digest of its pixels before they are normalised is stored, and some of its values, float32.
"""

import argparse
import base64
import copy
import hashlib
import importlib
import json
import pathlib

import numpy as np
import PIL
from PIL import Image

OUT = pathlib.Path("test/models/processors")

# Width and height: tiny, flat, tall, just at, below and above a model's size, and photographs'.
SIZES = [
    (7, 5), (41, 301), (301, 43), (63, 65), (64, 64), (97, 75),
    (255, 257), (333, 500), (500, 375), (641, 427),
]  # fmt: skip
# Values stored of a tensor: of one that is compared exactly, and within a level.
FEW, MANY = 24, 240

IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
CLIP = {
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
TF_STD = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.47853944, 0.4732864, 0.47434163]}


def square(side):
    return {"height": side, "width": side}


def edge(side):
    return {"shortest_edge": side}


# Of each processor: its module, and the configs, by a word that says what is odd about them.
PROCESSORS = {
    "ViT": ("vit", {
        "square": {"size": square(64), "resample": 2, **HALF},
        "old-int": {"size": 64, "do_resize": True, "do_normalize": True, "resample": 2, **HALF},
        "oblong": {"size": {"height": 48, "width": 80}, "resample": 3, **IMAGENET},
        "pair": {"size": [48, 80], "resample": 1},
        "nulls": {
            "size": square(64), "crop_size": None, "do_center_crop": None,
            "do_convert_rgb": None, "input_data_format": None, "pad_size": None,
            "data_format": "channels_first", "device": None, "return_tensors": None,
            "default_to_square": True,
        },
        "nearest": {"size": square(65), "resample": 0},
        "box": {"size": square(65), "resample": 4},
        "hamming": {"size": square(65), "resample": 5},
        "not-rescaled": {"size": 64, "do_rescale": False, "image_mean": [127.5] * 3,
                         "image_std": [127.5] * 3},
        "pixels": {"size": 64, "do_rescale": False, "do_normalize": False},
        "not-normalised": {"size": 64, "do_normalize": False},
        "signed": {"size": 64, "rescale_factor": 1 / 127.5, "image_mean": [1, 1, 1],
                   "image_std": [1, 1, 1]},
        "cropped": {"size": square(72), "do_center_crop": True, "crop_size": 64},
        "one-number": {"size": 64, "image_mean": 0.5, "image_std": 0.25},
        "defaults": {},
    }),
    "DeiT": ("deit", {
        "old-int": {"size": 73, "crop_size": 64, "do_center_crop": True, "resample": 3, **IMAGENET},
        "dict": {"size": square(73), "crop_size": square(64), "resample": 3, **IMAGENET},
        "not-cropped": {"size": square(64), "do_center_crop": False, **IMAGENET},
        "nulls": {"size": square(64), "do_center_crop": None, **IMAGENET},
        "odd-crop": {"size": square(64), "crop_size": {"height": 41, "width": 53}},
        "defaults": {},
    }),
    "Beit": ("beit", {
        "old-int": {"size": 64, "crop_size": 64, "do_center_crop": False, "resample": 2, **HALF},
        "cropped": {"size": 73, "crop_size": 64, "do_center_crop": True, "resample": 3, **HALF},
        "labels": {"size": square(64), "do_reduce_labels": False, **HALF},
    }),
    "ConvNext": ("convnext", {
        "resnet": {"size": 64, "crop_pct": 0.875, "resample": 3, **IMAGENET},
        "edge": {"size": edge(64), "crop_pct": 0.95, "resample": 3, **IMAGENET},
        "squashed": {"size": edge(384), "crop_pct": 0.95, "resample": 3, **IMAGENET},
        "below-384": {"size": edge(383), "crop_pct": 1.0, "resample": 2},
    }),
    "EfficientNet": ("efficientnet", {
        "top": {"size": square(64), "resample": 0, "include_top": True, "do_center_crop": False,
                "crop_size": square(289), "rescale_offset": False, **TF_STD},
        "no-top": {"size": square(64), "resample": 3, "include_top": False, **IMAGENET},
        "offset": {"size": square(64), "rescale_factor": 1 / 127.5, "rescale_offset": True,
                   "include_top": False, "do_normalize": False},
        "offset-top": {"size": square(64), "rescale_factor": 1 / 127.5, "rescale_offset": True,
                       "include_top": True, **TF_STD},
        "top-alone": {"size": square(64), "do_normalize": False, **TF_STD},
        "cropped": {"size": 73, "do_center_crop": True, "crop_size": 64, **TF_STD},
        "defaults": {},
    }),
    "MobileNetV1": ("mobilenet_v1", {
        "edge": {"size": edge(73), "crop_size": square(64), "resample": 2, **HALF},
        "old-int": {"size": 73, "crop_size": 64, "do_center_crop": True, **HALF},
        "defaults": {},
    }),
    "MobileNetV2": ("mobilenet_v2", {
        "edge": {"size": edge(73), "crop_size": square(64), "resample": 2, **HALF},
        "padded": {"size": edge(64), "crop_size": square(71), "resample": 3, **HALF},
    }),
    "MobileViT": ("mobilevit", {
        "flipped": {"size": edge(73), "crop_size": square(64), "resample": 2,
                    "do_flip_channel_order": True},
        "old-int": {"size": 73, "crop_size": 64, "do_center_crop": True, "resample": 2},
        "never-normalised": {"size": 73, "crop_size": 64, "do_normalize": True, **IMAGENET},
        "not-flipped": {"size": 73, "crop_size": 64, "do_flip_channel_order": False},
        "padded": {"size": edge(64), "crop_size": square(73), "resample": 3},
        "defaults": {},
    }),
    "Levit": ("levit", {
        "edge": {"size": edge(64), "crop_size": square(64), "resample": 3, **IMAGENET},
        "old-int": {"size": 65, "crop_size": 65, "do_center_crop": True, **IMAGENET},
        "square": {"size": square(73), "crop_size": square(64), **IMAGENET},
    }),
    "PoolFormer": ("poolformer", {
        "edge": {"size": edge(64), "crop_size": square(64), "crop_pct": 0.95, **IMAGENET},
        "old-int": {"size": 64, "crop_size": 64, "crop_pct": 0.9, **IMAGENET},
        "square": {"size": square(64), "crop_size": square(64), "crop_pct": 0.9},
        "null-crop": {"size": edge(73), "crop_size": square(64), "crop_pct": None},
        "oblong": {"size": {"height": 64, "width": 80}, "crop_pct": 0.9,
                   "crop_size": {"height": 64, "width": 80}},
    }),
    "Bit": ("bit", {
        "edge": {"size": edge(73), "crop_size": square(64), "resample": 3, **IMAGENET},
        "square": {"size": square(80), "crop_size": square(64), "do_convert_rgb": True},
        "oblong-crop": {"size": edge(73), "crop_size": {"height": 50, "width": 61}},
    }),
    "CLIP": ("clip", {
        "old-int": {"size": 64, "crop_size": 64, "do_center_crop": True, "resample": 3, **CLIP},
        "dict": {"size": edge(64), "crop_size": square(64), "do_convert_rgb": True, **CLIP},
        "lanczos": {"size": edge(73), "crop_size": square(64), "resample": 1, **CLIP},
        "longest": {"size": {"shortest_edge": 64, "longest_edge": 90}, "crop_size": 64, **CLIP},
        "not-resized": {"do_resize": False, "crop_size": 64, **CLIP},
        "padded": {"size": edge(61), "crop_size": 64, **CLIP},
        "defaults": {},
    }),
    "Siglip": ("siglip", {
        "square": {"size": square(64), "resample": 3, "do_convert_rgb": None, **HALF},
        "cropped": {"size": 73, "do_center_crop": True, "crop_size": 64, **HALF},
    }),
    "Pvt": ("pvt", {
        "square": {"size": square(64), "resample": 2, **IMAGENET},
        "old-int": {"size": 64},
    }),
    "Segformer": ("segformer", {
        "dict": {"size": square(64), "resample": 2, "do_reduce_labels": False, **IMAGENET},
        "old-int": {"size": 65, "reduce_labels": False},
        "never-cropped": {"size": square(64), "do_center_crop": True, "crop_size": 48},
    }),
}  # fmt: skip

EFFICIENTFORMER = {
    "square": {"size": square(64), "crop_size": square(64), "resample": 3, **IMAGENET},
    "edge": {"size": edge(73), "crop_size": square(64), "resample": 3, **IMAGENET},
    "old-int": {"size": 73, "crop_size": 64},
    "defaults": {},
}

# Configs whose processors run on torchvision too: the name ends in "Fast".
FAST = [
    "ViT-square", "ViT-oblong", "ViT-cropped", "ViT-pixels", "DeiT-old-int", "Beit-cropped",
    "ConvNext-edge", "ConvNext-squashed", "EfficientNet-no-top", "EfficientNet-offset-top",
    "MobileNetV1-edge", "MobileNetV2-padded", "MobileViT-flipped", "MobileViT-padded", "Levit-edge",
    "PoolFormer-edge", "Bit-edge", "CLIP-dict", "CLIP-padded", "CLIP-not-resized", "Siglip-square",
    "Pvt-square", "Segformer-dict",
]  # fmt: skip

# Configs whose processor is named by the older key.
OLD_NAMES = {"old-int", "resnet"}

TIMM_BASE = {
    "input_size": [3, 64, 64],
    "interpolation": "bicubic",
    "crop_pct": 0.875,
    "crop_mode": "center",
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
}
# Of each: the pretrained_cfg (over the base), and whether the test size is the one.
TIMM = {
    "center": ({}, False),
    "crop-1": ({"crop_pct": 1.0}, False),
    "crop-over-1": ({"crop_pct": 1.05}, False),
    "bilinear": ({"interpolation": "bilinear", "crop_pct": 0.95}, False),
    "nearest": ({"interpolation": "nearest"}, False),
    "lanczos": ({"interpolation": "lanczos"}, False),
    "box": ({"interpolation": "box"}, False),
    "hamming": ({"interpolation": "hamming"}, False),
    "squash": ({"crop_mode": "squash", "crop_pct": 0.9}, False),
    "squash-1": ({"crop_mode": "squash", "crop_pct": 1.0}, False),
    "border": ({"crop_mode": "border", "crop_pct": 1.0}, False),
    "border-cropped": ({"crop_mode": "border", "crop_pct": 0.8}, False),
    "border-oblong": ({"crop_mode": "border", "input_size": [3, 49, 80], "crop_pct": 0.9}, False),
    "oblong": ({"input_size": [3, 49, 80]}, False),
    "oblong-squash": ({"input_size": [3, 49, 80], "crop_mode": "squash"}, False),
    "inception": ({"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "crop_pct": 0.9}, False),
    "train-size": ({"test_input_size": [3, 72, 72], "test_crop_pct": 1.0}, False),
    "test-size": ({"test_input_size": [3, 72, 72], "test_crop_pct": 1.0}, True),
    "test-size-alone": ({"test_input_size": [3, 72, 72], "test_crop_pct": None}, True),
    "nulls": ({"test_input_size": None, "test_crop_pct": None, "pool_size": None,
               "crop_mode": None, "mean": None, "crop_pct": None, "interpolation": None}, False),
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--efficientformer", action="store_true")
    if parser.parse_args().efficientformer:
        write("efficientformer.json", efficientformer())
    else:
        write("reference.json", [*transformers_cases(), *timm_wrapper_cases(), *timm_cases()])


def transformers_cases():
    for kind, (module, configs) in PROCESSORS.items():
        for word, options in configs.items():
            name = f"{kind}-{word}"
            pillow = find(f"{module}.image_processing_pil_{module}", f"{kind}ImageProcessorPil")
            yield processor_case(name, named(kind, word, options), pillow, "pillow")
            if name in FAST:
                torchvision = find(f"{module}.image_processing_{module}", f"{kind}ImageProcessor")
                config = {**options, "image_processor_type": f"{kind}ImageProcessorFast"}
                yield processor_case(f"{name}-fast", config, torchvision, "torchvision")


def efficientformer():
    module = "deprecated.efficientformer.image_processing_efficientformer"
    processor = find(module, "EfficientFormerImageProcessor")
    for word, options in EFFICIENTFORMER.items():
        config = named("EfficientFormer", word, options)
        yield processor_case(f"EfficientFormer-{word}", config, processor, "pillow")


def find(module, name):
    return getattr(importlib.import_module(f"transformers.models.{module}"), name)


def named(kind, word, options):
    if word in OLD_NAMES:
        return {**options, "feature_extractor_type": f"{kind}FeatureExtractor"}
    return {**options, "image_processor_type": f"{kind}ImageProcessor"}


def processor_case(name, config, processor, backend):
    """The tensors of a config, and the same before they are normalised."""
    plain = {"do_rescale": False, "do_normalize": False, "rescale_offset": False}
    return case(
        name,
        "preprocessor_config.json",
        config,
        backend,
        run_processor(processor.from_dict(copy.deepcopy(config))),
        run_processor(processor.from_dict({**copy.deepcopy(config), **plain, "include_top": False})),
    )


def run_processor(processor):
    return lambda image: np.asarray(processor(image)["pixel_values"][0])


def timm_cases():
    from timm.data import create_transform, resolve_data_config

    for word, (options, use_test_size) in TIMM.items():
        config = {**TIMM_BASE, **options}
        data = resolve_data_config(pretrained_cfg=config, use_test_size=use_test_size)
        yield case(
            f"timm-{word}",
            "config.json",
            {"architecture": "resnet50", "pretrained_cfg": config},
            "pillow",
            run_transform(create_transform(**data)),
            run_transform(create_transform(**data, normalize=False)),
        )


def timm_wrapper_cases():
    from timm.data import create_transform
    from transformers.models.timm_wrapper import image_processing_timm_wrapper as wrapper

    config = {**TIMM_BASE, "test_input_size": [3, 72, 72], "test_crop_pct": 1.0}
    processor = wrapper.TimmWrapperImageProcessor(config)
    yield case(
        "TimmWrapper",
        "preprocessor_config.json",
        {"image_processor_type": "TimmWrapperImageProcessor", "pretrained_cfg": config},
        "pillow",
        lambda image: processor(image)["pixel_values"][0].numpy(),
        run_transform(create_transform(**processor.data_config, normalize=False)),
    )


def run_transform(transform):
    return lambda image: transform(image).numpy()


def case(name, file, config, backend, tensor_of, pixels_of):
    images = []
    for width, height in SIZES:
        image = draw(width, height)
        tensor = tensor_of(image).astype(np.float32)
        pixels = pixels_of(image)
        assert pixels.dtype == np.uint8 or (pixels == pixels.round()).all(), name
        assert tensor.shape == pixels.shape and len(tensor.shape) == 3, name
        count = FEW if backend == "pillow" else MANY
        stride = max(1, tensor.size // count)
        images.append(
            {
                "pixels": hashlib.sha256(pixels.astype(np.uint8).tobytes()).hexdigest(),
                "stride": stride,
                "values": base64.b64encode(tensor.ravel()[::stride].tobytes()).decode(),
            }
        )
    return {
        "name": name,
        "file": file,
        "config": config,
        "backend": backend,
        "shape": list(tensor.shape),
        "images": images,
    }


def draw(width, height):
    """Slopes, edges and noise, in whole numbers alone."""
    y, x, c = np.mgrid[0:height, 0:width, 0:3].astype(np.int64)
    slope = (x * (5 + 2 * c) * 256 // width + y * (3 + c) * 256 // height) % 512
    slope = np.where(slope < 256, slope, 511 - slope)
    noise = ((x * 73856093 ^ y * 19349663 ^ c * 83492791) & 0xFFFFFFFF) % 64
    level = slope * 3 // 4 + noise
    is_dark = (((x >> 4) + (y >> 4)) % 2 == 1) & (2 * x > width)
    return Image.fromarray(np.where(is_dark, 255 - level, level).astype(np.uint8))


def write(name, cases):
    versions = {"pillow": PIL.__version__, "numpy": np.__version__}
    for library in ("transformers", "timm", "torch", "torchvision"):
        try:
            versions[library] = importlib.import_module(library).__version__.split("+")[0]
        except ImportError:
            pass
    OUT.mkdir(parents=True, exist_ok=True)
    with open(OUT / name, "w", encoding="ascii") as file:
        header = {"made_by": "scripts/processor-reference.py", "versions": versions, "sizes": SIZES}
        file.write(json.dumps(header)[:-1] + ', "cases": [\n')
        file.write(",\n".join(json.dumps(one) for one in cases))
        file.write("\n]}\n")


if __name__ == "__main__":
    main()

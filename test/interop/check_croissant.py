"""Croissant: validated by mlcroissant's own command, and iterated by it from the release folder."""

import subprocess
import sysconfig
from pathlib import Path

import mlcroissant

from expected import CLASSES, RELEASE, ROWS, check, ok, pixels

FILE = RELEASE / "croissant.json"

command = [Path(sysconfig.get_path("scripts")) / "mlcroissant", "validate", "--jsonld", FILE]
validated = subprocess.run(command, capture_output=True, text=True)
check(validated.returncode, 0, f"mlcroissant validate\n{validated.stderr}")
said = validated.stderr.splitlines()
check([line for line in said if "Done." not in line], [], "what mlcroissant validate warns of")

dataset = mlcroissant.Dataset(str(FILE))
by_id = {row["id"]: row for row in ROWS}
for record in dataset.records("images"):
    got = {name.removeprefix("images/"): value for name, value in record.items()}
    row = by_id.pop(got["id"].decode())
    objects = row["objects"]
    check(pixels(got["image"]), row["pixels_sha256"], f"pixels of {row['id']}")
    check(got["file_name"].decode(), row["file_name"].split("/")[-1], "file name")
    check((got["k"], got["labels"]), (row["k"], row["labels"]), f"labels of {row['id']}")
    check([name.decode() for name in got["label_names"]], row["label_names"], f"names of {row['id']}")
    check([wnid.decode() for wnid in got["wnids"]], row["wnids"], f"wnids of {row['id']}")
    check(got["bbox"], objects["bbox"], f"boxes of {row['id']}")
    check(got["category"], objects["category"], f"categories of {row['id']}")
    check([patch.decode() for patch in got["patch"]], objects["patch"], f"patches of {row['id']}")
    check([one.decode() for one in got["source"]], objects["source"], f"sources of {row['id']}")
    check(got["sha256"].decode(), row["sha256"], f"digest of {row['id']}")
check(by_id, {}, "images left over")

classes = [record["classes/index"] for record in dataset.records("classes")]
check(classes, CLASSES, "classes")
ok(f"validated, {len(ROWS)} images and {len(classes)} classes iterated")

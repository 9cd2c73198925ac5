"""What a release must hold, read from its metadata.jsonl alone."""

import hashlib
import json
import sys
from pathlib import Path

RELEASE = Path(sys.argv[1])
DATASET = RELEASE / "dataset"
EXPORTS = RELEASE / "exports"
ROWS = [json.loads(line) for line in (DATASET / "metadata.jsonl").open()]
COLUMNS = [column for column in ROWS[0] if column != "file_name"]
CLASSES = sorted({label for row in ROWS for label in row["labels"]})


def check(got, expected, what):
    """Ends the script with a message where two values differ."""
    if got != expected:
        sys.exit(f"{what}: expected {expected!r}, got {got!r}")


def pixels(image):
    """SHA-256 of a Pillow image's RGB values, row by row."""
    return hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()


def ok(what):
    print(f"ok, {what}")

"""Predictions and logits: by pandas, DuckDB and NumPy."""

import duckdb
import numpy
import pandas
import pyarrow.parquet

from expected import RELEASE, ROWS, check, ok

FOLDER = RELEASE.parent / "scores"
FILE = FOLDER / "predictions.parquet"
IDS = [row["id"] for row in ROWS]

frame = pandas.read_parquet(FILE)
check(list(frame.columns), ["id", "top_classes", "top_probs"], "columns")
check(frame["id"].tolist(), IDS, "ids")
check({len(classes) for classes in frame["top_classes"]}, {20}, "classes of an image")
check(frame["top_classes"][0].dtype, numpy.dtype("int32"), "classes")
check(frame["top_probs"][0].dtype, numpy.dtype("float32"), "probabilities")
for _, row in frame.iterrows():
    check(bool((numpy.diff(row["top_probs"]) <= 0).all()), True, f"order of {row['id']}")

[(images, best)] = duckdb.sql(
    f"select count(*), sum(top_classes[1]) from read_parquet('{FILE}')"
).fetchall()
check(images, len(ROWS), "rows in DuckDB")
check(int(best), int(sum(classes[0] for classes in frame["top_classes"])), "classes in DuckDB")

metadata = pyarrow.parquet.read_metadata(FILE).metadata
check({b"model_digest", b"set_digest"} <= metadata.keys(), True, "digests in the metadata")

[path] = (RELEASE.parent / "work" / "predictions").glob("*/logits.npy")
logits = numpy.load(path)
check((logits.shape, logits.dtype), ((len(ROWS), 1000), numpy.dtype("float32")), "logits")
for row, classes in zip(logits, frame["top_classes"]):
    check(numpy.argsort(-row, kind="stable")[:20].tolist(), classes.tolist(), "ranking")
ok(f"{len(ROWS)} images, 20 classes each")

"""One-hot CSV: by pandas."""

import numpy
import pandas

from expected import CLASSES, EXPORTS, ROWS, check, ok

FOLDER = EXPORTS / "csv"

frame = pandas.read_csv(FOLDER / "labels.csv")
check(list(frame.columns), ["id", "file_name", "k", *map(str, CLASSES)], "columns")
check(len(frame), len(ROWS), "rows")
hot = frame[frame.columns[3:]]
check(str(hot.to_numpy().dtype), "int64", "values")
classes = hot.columns.astype(int).to_numpy()
for (_, got), values, row in zip(frame.iterrows(), hot.to_numpy(), ROWS):
    check((got["id"], got["file_name"], got["k"]), (row["id"], row["file_name"], row["k"]), "row")
    check(classes[numpy.flatnonzero(values)].tolist(), row["labels"], f"labels of {row['id']}")

named = pandas.read_csv(FOLDER / "classes.csv", index_col="class")
check(named.index.tolist(), CLASSES, "classes")
check(named["images"].tolist(), hot.sum().tolist(), "images a class")
wnids = dict(zip((c for row in ROWS for c in row["labels"]), (w for row in ROWS for w in row["wnids"])))
check(named["wnid"].to_dict(), {index: wnids[index] for index in CLASSES}, "wnids")
full = pandas.read_csv(EXPORTS / "csv-full" / "labels.csv")
check(list(full.columns[3:]), [str(index) for index in range(1000)], "columns, full")
for values, row in zip(full.iloc[:, 3:].to_numpy(), ROWS):
    check(numpy.flatnonzero(values).tolist(), row["labels"], f"labels of {row['id']}, full")
check(len(pandas.read_csv(EXPORTS / "csv-full" / "classes.csv")), 1000, "classes, full")

listed = pandas.read_csv(EXPORTS / "csv-list" / "labels.csv", dtype=str)
check(listed["file_name"].tolist(), [row["file_name"] for row in ROWS], "file names, listed")
labels = [[int(index) for index in text.split()] for text in listed["labels"]]
check(labels, [row["labels"] for row in ROWS], "labels, listed")
ok(f"{len(ROWS)} rows, {len(CLASSES)} classes, and all 1,000")

"""Makes test/predictions/fixtures/: small files of predictions as numpy, pandas and pyarrow write them.
All hold the scores or ranks that test/support/unit-predictions.ts computes from the same formulas.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install numpy pandas pyarrow
    /tmp/venv/bin/python scripts/prediction-fixtures.py      # from the repository root
"""

import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

OUT = "test/predictions/fixtures/"
IMAGES, CLASSES, RANKS = 5, 7, 3

rows, columns = np.mgrid[0:IMAGES, 0:CLASSES]
# Quarters from -2 to 6.5, which every float type holds exactly.
SCORES = ((rows * 11 + columns * 5) % 35) / 4 - 2
RANKED = ((rows[:, :RANKS] * 3 + columns[:, :RANKS] * 2) % CLASSES).astype("<i8")
IDS = [f"val/image_{i}.JPEG" for i in range(IMAGES)]


def npy():
    for name in ["<f2", "<f4", "<f8", ">f2", ">f4", ">f8"]:
        for order in "CF":
            label = name.replace("<", "le-").replace(">", "be-")
            np.save(f"{OUT}scores-{label}-{order}.npy", np.array(SCORES, dtype=name, order=order))
    for name in ["i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", ">i2", ">i8"]:
        label = name.replace("<", "le-").replace(">", "be-")
        np.save(f"{OUT}ranked-{label}.npy", RANKED.astype(name))
    np.save(f"{OUT}ranked-le-i8-F.npy", np.asfortranarray(RANKED))
    for version in [(2, 0), (3, 0)]:
        with open(f"{OUT}scores-version-{version[0]}.npy", "wb") as file:
            np.lib.format.write_array(file, SCORES.astype("<f4"), version=version)


def hostile():
    np.save(f"{OUT}bad-structured.npy", np.zeros(3, dtype=[("id", "<i4"), ("score", "<f4")]))
    np.save(f"{OUT}bad-vector.npy", np.zeros(3, dtype="<f4"))
    np.save(f"{OUT}bad-cube.npy", np.zeros((2, 2, 2), dtype="<f4"))
    np.save(f"{OUT}bad-complex.npy", np.zeros((2, 2), dtype="<c8"))
    np.save(f"{OUT}bad-object.npy", np.array([["a", 1]], dtype=object), allow_pickle=True)
    np.save(f"{OUT}bad-bool.npy", np.zeros((2, 2), dtype=bool))
    np.save(f"{OUT}bad-no-rows.npy", np.zeros((0, 7), dtype="<f4"))


def npz():
    scores = SCORES.astype("<f4")
    np.savez(f"{OUT}stored.npz", scores)
    np.savez_compressed(f"{OUT}deflated.npz", probs=scores)
    np.savez_compressed(f"{OUT}deflated-F.npz", probs=np.asfortranarray(scores))
    labels = np.arange(IMAGES)
    np.savez(f"{OUT}with-ids.npz", labels=labels, logits=scores, ids=np.array(IDS))
    byte_ids = np.array(IDS, dtype="S")
    np.savez_compressed(f"{OUT}with-byte-ids.npz", labels=labels, logits=scores, ids=byte_ids)
    np.savez(f"{OUT}two.npz", first=scores, second=scores)


def tables():
    frame = pd.DataFrame(SCORES.astype("<f4"))
    frame.columns = [str(name) for name in frame.columns]
    frame.to_csv(f"{OUT}with-index.csv")
    with_ids = frame.copy()
    with_ids.insert(0, "image", IDS)
    with_ids.to_csv(f"{OUT}scores.csv", index=False)
    with_ids.to_parquet(f"{OUT}wide.parquet")
    frame.set_index(pd.Index(IDS)).to_parquet(f"{OUT}wide-index.parquet", compression="zstd")
    frame.set_index(pd.Index(IDS)).to_csv(f"{OUT}index-ids.csv")
    ranked = pd.DataFrame(RANKED, columns=[f"top{n + 1}" for n in range(RANKS)])
    ranked.insert(0, "id", IDS)
    ranked.to_csv(f"{OUT}ranked.csv", index=False)
    ranked.to_parquet(f"{OUT}ranked-wide.parquet")
    lists = pd.DataFrame({"file_name": IDS, "logits": list(SCORES)})
    lists.to_parquet(f"{OUT}lists-f8.parquet", compression="gzip")
    for name in ["float16", "float32"]:
        logits = pa.array(SCORES.astype(name).tolist(), pa.list_(getattr(pa, name)()))
        table = pa.table({"id": IDS, "logits": logits})
        pq.write_table(table, f"{OUT}lists-{name}.parquet", row_group_size=2)
    top = pa.array(RANKED.tolist(), pa.list_(pa.int32()))
    probs = pa.array([[0.5] * RANKS] * IMAGES, pa.list_(pa.float32()))
    pq.write_table(
        pa.table({"id": IDS, "top_classes": top, "top_probs": probs}), f"{OUT}top.parquet"
    )
    ragged = pa.array([[1.0, 2.0], [1.0]], pa.list_(pa.float32()))
    pq.write_table(pa.table({"logits": ragged}), f"{OUT}bad-ragged.parquet")
    null = pa.array([[1.0, None], [1.0, 2.0]], pa.list_(pa.float32()))
    pq.write_table(pa.table({"logits": null}), f"{OUT}bad-null.parquet")


os.makedirs(OUT, exist_ok=True)
npy()
hostile()
npz()
tables()

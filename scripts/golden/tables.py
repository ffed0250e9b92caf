"""Golden files for crates/tables: one small table as pandas, pyarrow and polars write it.

    pip install pandas==3.1.1 pyarrow==26.0.1 polars==2.1.0
    python scripts/golden/tables.py

writes crates/tables/tests/golden/. `expected.json` holds the columns with their kinds and values: missing ones
as null, moments in nanoseconds since 1970.
"""

import csv
import datetime
import decimal
import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

OUT = Path(__file__).parents[2] / "crates/tables/tests/golden"

WIDTH = [0.1, None, -1.5e-300, 1e300, 3.0, 0.30000000000000004]
COUNT = [1, 2, -3, 0, 9007199254740993, 7]
SERIAL = ["12345678901234567890", "00000000000000000001", "3", "4", "5", "6"]
FLAG = [True, False, True, None, False, True]
NAME = ['5" pipe', "a;b", "x, y", "größe", "two\nlines", 'say "hi"']
WHEN = ["2026-01-31T12:30:15.250", "1969-12-31T23:59:59", None, "2000-02-29T00:00:00", "2026-11-29T01:22:42", "1900-03-01"]
MOMENTS = [None if when is None else int(np.datetime64(when, "ns").astype("int64")) for when in WHEN]
COLUMNS = [
    {"name": "width", "kind": "float64", "values": WIDTH},
    {"name": "count", "kind": "integer", "values": COUNT},
    {"name": "serial", "kind": "text", "values": SERIAL},
    {"name": "flag", "kind": "boolean", "values": FLAG},
    {"name": "name", "kind": "text", "values": NAME},
    {"name": "when", "kind": "time", "values": MOMENTS},
]


def frame():
    moments = np.array([np.datetime64("NaT" if when is None else when, "ns") for when in WHEN])
    return pd.DataFrame(
        {
            "width": np.array(WIDTH, dtype=float),
            "count": COUNT,
            "serial": SERIAL,
            "flag": pd.array(FLAG, dtype="boolean"),
            "name": NAME,
            "when": moments,
        }
    )


def texts(table):
    plain = {"index": False}
    table.to_csv(OUT / "plain.csv", **plain)
    table.to_csv(OUT / "all_quoted.csv", quoting=csv.QUOTE_ALL, na_rep="NA", **plain)
    excel = {"sep": ";", "decimal": ",", "lineterminator": "\r\n", **plain}
    table.to_csv(OUT / "excel.csv", encoding="utf-8-sig", **excel)
    table.to_csv(OUT / "windows.csv", encoding="cp1252", **excel)
    table.to_csv(OUT / "tabs_utf16.csv", sep="\t", encoding="utf-16", **plain)
    table.to_csv(OUT / "pipes.csv.gz", sep="|", compression={"method": "gzip", "mtime": 1}, **plain)
    pl.from_pandas(table).write_csv(OUT / "polars.csv")


def parquets(table):
    table.to_parquet(OUT / "pandas.parquet", index=False)
    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(arrow, OUT / "groups.parquet", row_group_size=4, compression="gzip", use_dictionary=False)
    pq.write_table(arrow, OUT / "version_2.parquet", data_page_version="2.0", compression="lz4")
    pq.write_table(arrow, OUT / "int96.parquet", use_deprecated_int96_timestamps=True, compression="none")
    delta = {"serial": "DELTA_LENGTH_BYTE_ARRAY", "name": "DELTA_LENGTH_BYTE_ARRAY", "count": "DELTA_BINARY_PACKED", "width": "BYTE_STREAM_SPLIT"}
    pq.write_table(arrow, OUT / "delta.parquet", use_dictionary=False, column_encoding=delta)
    pl.from_pandas(table).write_parquet(OUT / "polars.parquet", compression="zstd")


def kinds():
    """Types that come in several widths, and those that are not read."""
    stamps = [datetime.datetime(2026, 1, 31, 12, 30), None]
    kinds = pa.table(
        {
            "i8": pa.array([-1, None], pa.int8()),
            "u16": pa.array([65535, 0], pa.uint16()),
            "u32": pa.array([4294967295, 0], pa.uint32()),
            "u64": pa.array([9223372036854775807, None], pa.uint64()),
            "f32": pa.array([0.1, None], pa.float32()),
            "nan": pa.array([float("nan"), 1.0], pa.float64()),
            "day": pa.array([datetime.date(2026, 1, 31), datetime.date(1969, 12, 31)], pa.date32()),
            "ms": pa.array(stamps, pa.timestamp("ms")),
            "us": pa.array(stamps, pa.timestamp("us", tz="Europe/Berlin")),
            "word": pa.array(["a", None]).dictionary_encode(),
            "big": pa.array([2**63, 1], pa.uint64()),
            "price": pa.array([decimal.Decimal("1.25"), None], pa.decimal128(9, 2)),
            "list": pa.array([[1, 2], None], pa.list_(pa.int64())),
            "pair": pa.array([{"a": 1, "b": 2}, None], pa.struct([("a", pa.int64()), ("b", pa.int64())])),
            "clock": pa.array([datetime.time(1, 2), None], pa.time32("ms")),
        }
    )
    pq.write_table(kinds, OUT / "kinds.parquet")
    pq.write_table(kinds.slice(0, 0), OUT / "no_rows.parquet")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    texts(frame())
    parquets(frame())
    kinds()
    expected = json.dumps(COLUMNS, indent=1, ensure_ascii=False)
    (OUT / "expected.json").write_text(expected + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

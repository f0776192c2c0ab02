#!/usr/bin/env python3
"""Writes the Parquet files of tests/cli/tables.rs with pyarrow: python3 tests/reference/tables.py

pairs.parquet     two row groups, snappy; columns that are not read; Alpaca's and the Hub's usual shape
messages.parquet  zstd; a list of structs, as chat data are published
texts.parquet     gzip, dictionary-encoded, a null among the texts
lz4.parquet       a compression that is not read
"""
import pathlib

import pyarrow
import pyarrow.parquet as parquet

here = pathlib.Path(__file__).parent

pairs = pyarrow.table({
    "id": pyarrow.array(range(12), pyarrow.int64()),
    "response": ["ba a", "a\nbb", "b"] * 4,
    "prompt": ["ab", "b", "a a"] * 4,
    "score": [0.5, None, 1.0] * 4,
})
parquet.write_table(pairs, here / "pairs.parquet", compression="snappy", row_group_size=7)

chat = lambda ask, answer: [{"role": "user", "content": ask}, {"role": "assistant", "content": answer}]
role = pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())])
rows = [chat("ab", "ba a"), chat("b", "a\nbb"), chat("a a", "b")] * 4
parquet.write_table(pyarrow.table({"messages": pyarrow.array(rows, pyarrow.list_(role))}), here / "messages.parquet", compression="zstd")

texts = ["a bab", None, "b a"] * 40
parquet.write_table(pyarrow.table({"text": texts}), here / "texts.parquet", compression="gzip", row_group_size=50)
parquet.write_table(pyarrow.table({"text": texts}), here / "lz4.parquet", compression="lz4")

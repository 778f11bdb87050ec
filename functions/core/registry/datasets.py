"""How the objects of datasets are named, and what stands in their metadata."""

FOLDER = "datasets/"
SUFFIXES = (".csv", ".csv.gz")
LABELLED = "labelled-"
"""How the file of a dataset begins that the monitor puts together; no other one may."""
TARGET = "target"
"""The name, in the metadata, of the column to predict."""

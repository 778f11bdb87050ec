"""Pages of reference for the site of the documents, made from openapi.json, `--help` and the Makefile."""

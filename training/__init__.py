"""The offline side: from a CSV to a published model."""

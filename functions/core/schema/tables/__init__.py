"""Tables: from the cells of a file, text or Parquet, to the rows of a schema."""

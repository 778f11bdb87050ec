"""The text of a table: from the bytes of a file to rows of cells, whatever program wrote it."""

"""What was predicted, and what became of the rows."""

"""The table: its bytes, its schema, its rows as arrays, and the two sides on which they stand."""

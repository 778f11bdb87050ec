"""What a row of a model's table is: the schema, and all that is read by it."""

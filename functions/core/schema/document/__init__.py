"""A schema as a document: what stands in it is read, field by field, and every mistake is said."""

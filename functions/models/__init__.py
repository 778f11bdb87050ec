"""Lists, compares, promotes, rolls back and deletes models, for whoever holds the key to it."""

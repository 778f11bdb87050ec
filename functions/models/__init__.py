"""Lists models, and compares, promotes, rolls back and deletes their versions, for whoever has the key."""

"""What people do with a running API from a terminal: upload a table, have a file scored."""

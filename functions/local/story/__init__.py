"""The loop, shown: once with the table that Lifeboat ships with, once with passengers that change."""

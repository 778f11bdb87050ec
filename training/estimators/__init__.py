"""The estimators: classifiers that can be fitted to any table, and how each of them becomes a graph."""

"""The graph, run."""

"""Where things are kept: stores and parameters, what is asked of them, and the kinds there are."""

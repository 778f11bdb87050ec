"""What was predicted, and what became of the passengers."""

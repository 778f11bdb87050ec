"""What was answered: looked up, and made again."""

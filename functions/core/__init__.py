"""What the functions share; imports nothing from the folders beside it."""

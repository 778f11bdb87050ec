"""What a passenger is, alone and in tables."""

"""Takes in what really happened to passengers, and says of which predictions it would help most to know."""

"""Takes in what really happened, and says of which predictions it would help most to know."""

"""Watches what the champion is asked and how well it answers, and asks for the next model when it is due."""

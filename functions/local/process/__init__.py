"""Processes of this machine: their environment, their sockets, how they start, rest and stop."""

"""Scores whole files: streamed, in little memory, and gone on with where it was interrupted."""

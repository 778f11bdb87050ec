"""The pages that people use: static files, which are clients of the API."""

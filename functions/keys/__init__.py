"""Keys of the API, made, listed and revoked by administrators."""

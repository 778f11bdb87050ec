"""What developers use: environments, locks, SAM, MLflow, the document of the API."""

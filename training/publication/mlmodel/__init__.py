"""The files beside a version's graph by which MLflow reads it, written without MLflow."""

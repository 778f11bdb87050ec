"""MLflow's scoring protocol, which is also that of a container for SageMaker."""

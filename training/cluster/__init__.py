"""Training on a cluster: the rows are read, fitted on and compared by Dask's workers. Group `scale`."""

"""Files scored on this machine, by all of its cores, or on a cluster."""

"""The S3 store on this machine: the one in memory, the one that stays, and who may ask them."""

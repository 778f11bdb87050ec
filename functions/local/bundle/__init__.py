"""The folders that become Lambda functions: what they hold, what they may weigh, proof that they import.

`make build` has SAM run `python -m functions.local.bundle build ID FOLDER` for every function.
"""

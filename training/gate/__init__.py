"""The gate: whether a model may go into service, by itself and against the champion."""

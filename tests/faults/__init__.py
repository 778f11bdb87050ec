"""Faults of what the functions stand on, for minutes: `make test-faults`; `make test` leaves them out."""

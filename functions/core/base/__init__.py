"""What everything stands on: failures, ids, log lines, records and settings."""

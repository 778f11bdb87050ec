"""The same handlers on this machine: gateway, events, schedules and a store, as template.yaml has them."""

"""What AWS does between a request and a function, on this machine: template, gateway, events, logs."""

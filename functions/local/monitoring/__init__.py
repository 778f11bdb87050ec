"""What Prometheus and Grafana are given on a laptop: metrics, rules for alerts, a dashboard."""

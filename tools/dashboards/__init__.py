"""The dashboards of grafana/ as code; ``python -m tools.dashboards`` writes their JSON."""

"""Log lines to Loki: pushed in order, within the server's limits, counted whatever becomes of them.

Source: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs
"""

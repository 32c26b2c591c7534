"""The reference dashboards as code: `make dashboards` writes monitoring/grafana/dashboards/*.json from here.

Development only: the generator needs grafana-foundation-sdk, whoever uses the dashboards needs their JSON alone.
"""

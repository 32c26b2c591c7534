"""Stand-ins for Slack, PagerDuty, webhooks and mail that record what Alertmanager really sends."""

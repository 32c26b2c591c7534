"""A monitoring stack that runs, looked at component by component: one check a line, each with the next thing to do."""

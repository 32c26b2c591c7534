"""What the reference monitoring says twice, made from where it says it once: SLO rules from the SLO file, the table of
alerts and the last section of each runbook from rules, routes and profiles. `python -m alerting` writes them anew."""

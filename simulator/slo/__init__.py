"""Error budget, burn rate and time to fire: arithmetic only.

Words and formulas are those of the SRE Workbook (B. Beyer, N. R. Murphy and others, O'Reilly 2018), chapter 5,
"Alerting on SLOs": https://sre.google/workbook/alerting-on-slos/. Ratios are in [0, 1], times in milliseconds.
"""

from simulator.slo.budget import Objective
from simulator.slo.detection import WORKBOOK_ALERTS, BurnAlert
from simulator.slo.evaluations import Compared, Conditions, Firing, firings

__all__ = ["WORKBOOK_ALERTS", "BurnAlert", "Compared", "Conditions", "Firing", "Objective", "firings"]

"""Error budget, burn rate and time to fire: arithmetic only."""

"""What a report shows beside the verdict: what alerts looked at, and the platform's own books."""

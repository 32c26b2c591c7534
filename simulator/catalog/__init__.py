"""What the platform exports and how it can break, as data: a claim about the platform that can be checked."""

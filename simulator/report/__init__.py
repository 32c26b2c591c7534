"""A verdict for people and machines: terminal, JUnit, JSON."""

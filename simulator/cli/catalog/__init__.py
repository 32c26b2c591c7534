"""What the platform exports, how that compares with a real one, and how it can break."""

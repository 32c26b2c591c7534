"""The seeded model of the platform: the one cause of every signal."""

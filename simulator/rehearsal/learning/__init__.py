"""What a team's files and a real platform tell of its metrics, as an overlay."""

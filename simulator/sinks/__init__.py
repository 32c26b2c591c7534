"""Where records go: scrape endpoints, remote write, files."""

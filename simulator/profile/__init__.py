"""What one YAML file asks for: population, traffic, load, faults, expectations."""

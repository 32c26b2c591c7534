"""The nouns that every part shares: labels, samples, observations, intervals. Frozen, without I/O."""

"""Records to bytes and back, without I/O: exposition, remote write, blocks, logs."""

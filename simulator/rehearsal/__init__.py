"""The loops: emit and rehearse. Alone in knowing both directions, what is sent and what is seen."""

"""`python -m simulator` is `crybsim`."""

from simulator.cli.main import run

run()

"""The same run at many doses of a fault, or at many arrival rates."""

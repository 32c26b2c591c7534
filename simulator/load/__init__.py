"""Starts Locust as a process and reads its results."""

"""stub"""
from simulator.engine.state import Vector
class UnsupportedTemplateError(Exception): pass
class Expander:
    def __init__(self, query, external_labels, external_url): pass
    def expand(self, text, labels, value, at_ms):
        return text

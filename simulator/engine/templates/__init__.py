"""Go templates as Prometheus expands them in the labels and annotations of alerting rules."""

from simulator.engine.templates.expander import Expander
from simulator.engine.templates.values import TemplateError, UnsupportedTemplateError

__all__ = ["Expander", "TemplateError", "UnsupportedTemplateError"]

"""A verdict for people and for CI. Pure: each `render_` gives text (the terminal's a rich renderable)."""

from simulator.report.html import render_html
from simulator.report.junit import render_junit
from simulator.report.machine import render_json, verdict_schema
from simulator.report.markdown import render_markdown
from simulator.report.terminal import render_terminal

__all__ = ["render_html", "render_json", "render_junit", "render_markdown", "render_terminal", "verdict_schema"]

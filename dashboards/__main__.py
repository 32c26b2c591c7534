"""`python -m dashboards`: write the JSON of every dashboard to monitoring/grafana/dashboards."""

from __future__ import annotations

from pathlib import Path

from dashboards import api_performance, business_kpis, infrastructure, logs, slo
from dashboards.frame import as_json

FOLDER = Path(__file__).parents[1] / "monitoring" / "grafana" / "dashboards"


def rendered() -> dict[str, str]:
    """File name -> content."""
    modules = (api_performance, business_kpis, infrastructure, logs, slo)
    return {
        f"{module.__name__.rpartition('.')[2].replace('_', '-')}.json": as_json(module.board()) for module in modules
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in rendered().items():
        (FOLDER / name).write_text(text, encoding="utf-8")

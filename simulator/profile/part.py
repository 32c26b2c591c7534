"""The base of every mapping that people write: in a profile, an overlay, a target file, crybsim.yaml."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Unknown keys are refused, values cannot change; the text below a field explains it in the JSON Schema."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, use_attribute_docstrings=True)

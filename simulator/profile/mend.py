"""The best reading of a document that has mistakes, so that one wrong field does not hide what else is wrong.

Each mistake that pydantic finds is replaced by the field's default or by a sample of its type, and noted as broken.
Checks across fields then run on the mended profile, and keep quiet about whatever depends on a broken field.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, replace
from typing import Annotated, Generic, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from simulator.errors import Problem
from simulator.profile.document import Document, Json, Steps
from simulator.profile.explain import annotation_at, explain, field_at, locate, noun

_ROUNDS = 8  # a sample that stands in for a whole mapping lacks that mapping's own fields, one level a round

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Reading(Generic[Model]):
    """What a document says, as far as it can be read. `value` is None where nothing could be saved."""

    value: Model | None
    problems: tuple[Problem, ...]
    broken: frozenset[Steps]


def read_as(document: Document, model: type[Model]) -> Reading[Model]:
    """Validate a document, collecting every mistake. Never raises."""
    problems: tuple[Problem, ...] | None = None
    broken: set[Steps] = set()
    draft = replace(document, data=copy.deepcopy(document.data))
    for _ in range(_ROUNDS):
        try:
            value = model.model_validate_json(json.dumps(draft.data), strict=True, by_alias=True, by_name=False)
        except ValidationError as error:
            if problems is None:
                problems = tuple(explain(error, draft, model))
            for details in error.errors(include_url=False):
                steps, at_key = locate(details, draft)
                broken.add(steps)
                _mend(draft, model, steps, at_key=at_key)
        else:
            return Reading(value, problems or (), frozenset(broken))
    return Reading(None, problems or (), frozenset(broken))


def _mend(draft: Document, model: type[BaseModel], steps: Steps, *, at_key: bool) -> None:
    if not steps:
        return
    try:
        parent = draft.at(steps[:-1])
    except KeyError:  # mended already, together with something around it
        return
    last = steps[-1]
    if isinstance(parent, list) and isinstance(last, int):
        parent[last] = _sample(annotation_at(model, steps))
    elif isinstance(parent, dict) and isinstance(last, str):
        field = None if at_key else field_at(model, steps)
        if field is not None and field.is_required():
            parent[last] = _sample(annotation_at(model, steps))
        else:
            parent.pop(last, None)


def _sample(annotation: object) -> Json:
    known = noun(annotation)
    if known is not None:
        return known.sample
    bare = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    if bare in (int, float):
        return 1
    if get_origin(bare) is tuple:
        return [_sample(get_args(bare)[0])]
    return {} if isinstance(annotation, type) and issubclass(annotation, BaseModel) else "some text"

"""Pydantic's complaints in crybsim's words: which field, what was found, what is allowed, the nearest right name.

What is allowed is read off the models' annotations, so that a new field needs no new message.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin

import annotated_types
from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from simulator.errors import Problem, did_you_mean, nearest
from simulator.profile.document import Document, Json, Steps, describe, render_steps
from simulator.profile.fields import Noun

_YAML_1_1 = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def explain(error: ValidationError, document: Document, model: type[BaseModel]) -> list[Problem]:
    """One problem per mistake, in the order of the file. `model` is what the document was validated as."""
    found: dict[tuple[Steps, bool], Problem] = {}
    for details in error.errors(include_url=False):
        steps, at_key = locate(details, document)
        # a union complains once per member; the first says it all
        found.setdefault((steps, at_key), _problem(details, steps, at_key, document, model))
    for steps, at_key in list(found):  # a misspelt key that was needed: one mistake, not an unknown and a missing one
        if at_key and (guess := nearest(str(steps[-1]), field_names(annotation_at(model, steps[:-1])))):
            meant = (*steps[:-1], guess)
            if meant not in document.values:
                found.pop((meant, False), None)
    for steps, at_key in list(found):  # a list whose items are wrong counts as too short, too
        if not at_key and any(steps == inner[: len(steps)] != inner for inner, _ in found):
            del found[steps, at_key]
    return sorted(found.values(), key=lambda problem: (problem.line, problem.column))


def locate(details: ErrorDetails, document: Document) -> tuple[Steps, bool]:
    """The node that a complaint is about, and whether it is about the key instead of the value.

    A missing field is located where it would be. Pydantic's location goes on with names of its own behind the end of
    the document (members of a union, `[key]`); they are cut off.
    """
    location = details["loc"]
    if location and location[-1] == "[key]":
        return tuple(location[:-1]), True
    steps: Steps = ()
    for step in location:
        try:
            document.at((*steps, step))
        except KeyError:
            break
        steps = (*steps, step)
    if details["type"] == "missing" and len(steps) < len(location):
        steps = (*steps, location[len(steps)])
    return steps, details["type"] == "extra_forbidden"


def _problem(details: ErrorDetails, steps: Steps, at_key: bool, document: Document, model: type[BaseModel]) -> Problem:
    kind = details["type"]
    if kind == "missing":
        return document.problem(steps, f"is missing; it is {allowed(annotation_at(model, steps))}")
    if kind == "extra_forbidden":
        names = field_names(annotation_at(model, steps[:-1]))
        name = str(steps[-1])
        message = f"{name!r} is not a key here{did_you_mean(name, names)} (allowed: {', '.join(names)})"
        return document.problem(steps, message, at_key=True)
    if at_key:
        name = str(steps[-1])
        return document.problem(steps, f"{name!r} is not {allowed(_key_annotation(model, steps))}", at_key=True)
    value = document.at(steps)
    context = details.get("ctx", {}).get("error")
    if kind == "value_error" and context is not None and not isinstance(value, list | dict | None):
        return document.problem(steps, str(context))
    return document.problem(steps, disallowed(value, annotation_at(model, steps)))


def disallowed(value: Json, annotation: object) -> str:
    """`'evning' is not one of daily, evening, flat, office; did you mean 'evening'?`"""
    message = f"{describe(value)} is not {allowed(annotation)}"
    if isinstance(value, str):
        choices = [str(member.value) for option in _options(annotation) for member in _members(option)]
        message += did_you_mean(value, choices)
        if bool in _options(annotation) and value.lower() in _YAML_1_1:
            message += f"; write {_YAML_1_1[value.lower()]}"
    return message


def allowed(annotation: object) -> str:
    """What a field takes, in words: `a whole number from 1 to 500`."""
    words = dict.fromkeys(_words(option, annotation) for option in _options(annotation))
    return " or ".join(words)


def field_names(annotation: object) -> tuple[str, ...]:
    """The keys, as written in a file, that a mapping of this type may have."""
    for option in _options(annotation):
        if isinstance(option, type) and issubclass(option, BaseModel):
            return tuple(field.alias or name for name, field in option.model_fields.items())
    return ()


def annotation_at(model: type[BaseModel], steps: Steps) -> object:
    """The annotation of the field there, metadata included. Raises KeyError where the model has none."""
    annotation: object = model
    for depth, step in enumerate(steps):
        for option in _options(annotation):
            inner = _inside(option, step)
            if inner is not None:
                annotation = inner
                break
        else:
            raise KeyError(render_steps(steps[: depth + 1]))
    return annotation


def field_at(model: type[BaseModel], steps: Steps) -> FieldInfo | None:
    """The model field there, or None for a list's item or a free mapping's value."""
    for option in _options(annotation_at(model, steps[:-1])):
        if isinstance(option, type) and issubclass(option, BaseModel):
            for name, field in option.model_fields.items():
                if steps[-1] in _written(name, field):
                    return field
    return None


def noun(annotation: object) -> Noun | None:
    """The words that a field type of `simulator.profile.fields` brings along."""
    for metadata in _metadata(annotation):
        if isinstance(metadata, Noun):
            return metadata
    bare = _bare(annotation)
    members = get_args(bare) if get_origin(bare) in (Union, types.UnionType) else ()
    return next((found for member in members if (found := noun(member))), None)


def _inside(option: object, step: str | int) -> object | None:
    if isinstance(option, type) and issubclass(option, BaseModel):
        for name, field in option.model_fields.items():
            if step in _written(name, field):
                return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        return None
    arguments: tuple[object, ...] = get_args(option)
    if get_origin(option) is tuple and isinstance(step, int):
        return arguments[0]
    if get_origin(option) is dict and isinstance(step, str):
        return arguments[1]
    return None


def _written(name: str, field: FieldInfo) -> tuple[object, ...]:
    """A field's key in a file, and the ones that it had before."""
    former = field.validation_alias.choices if isinstance(field.validation_alias, AliasChoices) else ()
    return (field.alias or name, *former)


def _key_annotation(model: type[BaseModel], steps: Steps) -> object:
    for option in _options(annotation_at(model, steps[:-1])):
        if get_origin(option) is dict:
            return get_args(option)[0]
    return str


def _bare(annotation: object) -> object:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _metadata(annotation: object) -> Sequence[Any]:
    return get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()


def _options(annotation: object) -> tuple[object, ...]:
    """The members of a union, without None and without metadata; a type that is no union is its only member."""
    bare = _bare(annotation)
    if get_origin(bare) in (Union, types.UnionType):
        return tuple(_bare(member) for member in get_args(bare) if member is not type(None))
    return (bare,)


def _members(option: object) -> Iterator[Enum]:
    if isinstance(option, type) and issubclass(option, Enum):
        yield from option


def _words(option: object, annotation: object) -> str:
    named = noun(annotation)
    bounds = _bounds(annotation)
    if named is not None:
        return f"{named.text}{bounds}" if option is float else named.text
    choices = [str(member.value) for member in _members(option)]
    if choices:
        return f"one of {', '.join(choices)}"
    if option is bool:
        return "true or false"
    if option is int:
        return f"a whole number{bounds}"
    if option is float:
        return f"a number{bounds}"
    if option is str:
        return "text"
    if get_origin(option) is tuple:
        return f"a list, each item {allowed(get_args(option)[0])}"
    if names := field_names(option):
        return f"a mapping with the keys {', '.join(names)}"
    return "a mapping"


def _bounds(annotation: object) -> str:
    low = high = ""
    for metadata in _metadata(annotation):
        if isinstance(metadata, annotated_types.Ge):
            low = f" from {metadata.ge}"
        elif isinstance(metadata, annotated_types.Gt):
            low = f" above {metadata.gt}"
        elif isinstance(metadata, annotated_types.Le):
            high = f" to {metadata.le}" if low.startswith(" from") else f" up to {metadata.le}"
        elif isinstance(metadata, annotated_types.Lt):
            high = f" below {metadata.lt}"
    return f"{low} and{high}" if low and high.startswith((" up", " below")) else low + high

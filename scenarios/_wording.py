"""What people write: pools drawn from Faker once at the start, so that it never slows a request down."""

from __future__ import annotations

import random
from dataclasses import dataclass

from faker import Faker

_MESSAGES, _PARAGRAPHS, _TITLES, _QUERIES = 400, 60, 120, 200


@dataclass(frozen=True)
class Wording:
    """Texts to choose from."""

    messages: tuple[str, ...]
    paragraphs: tuple[str, ...]
    titles: tuple[str, ...]
    queries: tuple[str, ...]


def draw_wording(seed: int) -> Wording:
    """The same seed gives the same pools, in every process of a run."""
    fake = Faker("en_US")
    fake.seed_instance(seed)
    choose = random.Random(seed)
    return Wording(
        messages=tuple(fake.sentence(choose.randint(2, 14)) for _ in range(_MESSAGES)),
        paragraphs=tuple(fake.paragraph(choose.randint(2, 6)) for _ in range(_PARAGRAPHS)),
        titles=tuple(fake.sentence(choose.randint(4, 9)).rstrip(".") for _ in range(_TITLES)),
        queries=tuple(_query(fake, choose) for _ in range(_QUERIES)),
    )


def _query(fake: Faker, choose: random.Random) -> str:
    """One to three words, now and then a name."""
    return fake.name() if choose.random() < 0.2 else " ".join(fake.words(choose.randint(1, 3)))

"""A target file: how the API that is driven differs from the platform contract, and who its users are.

The defaults are the contract's, so an empty file is the reference API. Secrets are never in it: where one is needed,
the file names the environment variable that holds it.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from simulator.catalog.accounts import ACCESS_SECONDS, AUDIENCE, ISSUER
from simulator.catalog.routes import PATTERNS
from simulator.errors import InputError, did_you_mean
from simulator.profile.document import read_document
from simulator.profile.fields import FileName, Noun, Text
from simulator.profile.mend import read_as
from simulator.profile.part import Part

CONTRACT_BASE: Final = "/api/v1"
COOKIE: Final = "cookie:"
LOGIN: Final = "/api/v1/auth/login"
REFRESH: Final = "/api/v1/auth/refresh"

Url = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^\s/]+\S*$"),
    Noun("an address such as https://api.staging.example.org", "http://127.0.0.1"),
]
ApiPath = Annotated[str, StringConstraints(pattern=r"^/\S*$"), Noun("a path such as /api/v1", "/api")]
Place = Annotated[
    str,
    StringConstraints(pattern=r"^(cookie:[^\s;,=]+|[^\s.]+(\.[^\s.]+)*)$"),
    Noun("a place in an answer such as data.tokens.accessToken or cookie:accessToken", "data"),
]
FieldName = Annotated[str, StringConstraints(pattern=r"^\S+$"), Noun("the name of a field", "field")]
HeaderName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"), Noun("the name of a header", "X-Header")
]
Variable = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"),
    Noun("the name of an environment variable, such as CRYB_JWT_SECRET", "CRYB_SECRET"),
]
TokenForm = Annotated[
    str,
    StringConstraints(pattern=r"^[^{}]*\{token\}[^{}]*$"),
    Noun("a header's value with {token} in it, such as 'Bearer {token}'", "Bearer {token}"),
]


class Login(Part):
    """How a user signs in."""

    path: ApiPath | None = None
    """Its path; not given: the contract's, below base_path."""
    identifier: FieldName = "identifier"
    """The body's field for the user's name."""
    password: FieldName = "password"  # noqa: S105 - a field's name
    """The body's field for the password."""
    more: dict[Text, Text] = Field(default={})
    """Further fields of the body."""
    access_token: Place = "data.tokens.accessToken"  # noqa: S105
    """Where the answer has the access token."""
    refresh_token: Place | None = "data.tokens.refreshToken"  # noqa: S105
    """Where it has the refresh token; null: there is none, users sign in again."""


class Refresh(Part):
    """How a user gets new tokens for the refresh token."""

    path: ApiPath | None = None
    """Its path; not given: the contract's, below base_path."""
    field: FieldName = "refreshToken"
    """The body's field for the refresh token."""
    access_token: Place = "cookie:accessToken"  # noqa: S105
    """Where the answer has the new access token."""
    refresh_token: Place = "cookie:refreshToken"  # noqa: S105
    """Where it has the new refresh token."""


class Auth(Part):
    """How a request shows who asks."""

    header: HeaderName = "Authorization"
    """The header that carries the token."""
    value: TokenForm = "Bearer {token}"
    """Its value."""
    login: Login = Login()
    """How a user signs in."""
    refresh: Refresh = Refresh()
    """How a user gets new tokens."""


class Envelope(Part):
    """How the API wraps its answers."""

    data: Place = "data"
    """Where the data of a good answer is."""
    success: Place | None = "success"
    """A field that must be true in a good answer; null: the status alone tells."""
    code: Place = "code"
    """Where a bad answer has its code, such as TOKEN_EXPIRED."""
    bare: tuple[ApiPath, ...] = ("/api/v1/servers", "/api/v1/notifications", "/api/v1/voice/quality")
    """Routes of the contract, by their beginning, whose answers are the data itself."""


class UserSource(StrEnum):
    """Where users come from."""

    ACCOUNTS = "accounts"  # the reference API's computed ones
    CSV = "csv"  # a file that the team has
    REGISTERED = "registered"  # registered once, then kept in a file
    MINTED = "minted"  # tokens signed here


class SecretForm(StrEnum):
    """How a signing secret is written."""

    TEXT = "text"
    HEX = "hex"
    BASE64 = "base64"


class Users(Part):
    """Who the virtual users are."""

    source: UserSource = UserSource.ACCOUNTS
    """accounts: the reference API's; csv: of a file; registered: registered once and kept in a file; minted: tokens
    signed with the API's own secret, for the users of a file, without logins."""
    file: FileName | None = None
    """The CSV file, from the target file's folder: columns username and password, for minted tokens id (and email,
    username); registered users are kept there, readable to its owner alone."""
    count: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    """registered: how many there should be."""
    secret: Variable | None = None
    """minted: the environment variable with the signing secret."""
    secret_form: SecretForm = SecretForm.TEXT
    """minted: how that variable writes it."""
    issuer: Text = ISSUER
    """minted: the claim iss."""
    audience: Text = AUDIENCE
    """minted: the claim aud."""
    lifetime_seconds: Annotated[int, Field(ge=60, le=86_400)] = ACCESS_SECONDS
    """minted: how long a token holds."""
    claims: dict[Text, Text] = Field(default={"userId": "{id}", "email": "{email}", "sessionId": "load-{id}"})
    """minted: further claims; {id}, {email} and {username} stand for the user's."""
    own_addresses: bool = True
    """Whether the API believes X-Forwarded-For, so that each user is another client to its limits by address; false:
    it is not sent, and all logins together keep within 20 in five minutes."""


class Exemption(Part):
    """A header by which the API knows that its rate limits do not count."""

    header: HeaderName
    """Its name."""
    value: Variable
    """The environment variable with its value."""


class Target(Part):
    """The content of a target file."""

    url: tuple[Url, ...] = ()
    """Base addresses of the API, where --host names none."""
    base_path: ApiPath = CONTRACT_BASE
    """What the contract's /api/v1 is here."""
    auth: Auth = Auth()
    """How a request shows who asks."""
    envelope: Envelope = Envelope()
    """How answers are wrapped."""
    users: Users = Users()
    """Who the virtual users are."""
    exemption: Exemption | None = None
    """How to be exempt from rate limits; not given: the limits hold."""
    routes: dict[Text, ApiPath | None] = Field(default={})
    """Routes of the contract that are elsewhere, by their pattern; null: not there, so journeys do without."""

    _folder: Path = Path()

    @property
    def users_file(self) -> Path | None:
        """The file of users, from where the target file is."""
        return None if self.users.file is None else self._folder / self.users.file

    def path(self, route: str) -> str | None:
        """The API's own path for a route of the contract; None where it has none."""
        if route in self.routes:
            return self.routes[route]
        beneath = route == CONTRACT_BASE or route.startswith(f"{CONTRACT_BASE}/")
        return self.base_path.rstrip("/") + route.removeprefix(CONTRACT_BASE) if beneath else route

    @property
    def login_path(self) -> str:
        """Where users sign in."""
        return self.auth.login.path or self.path(LOGIN) or LOGIN

    @property
    def refresh_path(self) -> str:
        """Where they get new tokens."""
        return self.auth.refresh.path or self.path(REFRESH) or REFRESH

    def exemption_headers(self) -> dict[str, str]:
        """The header of the exemption, if there is one. Raises InputError where its variable is not set."""
        if self.exemption is None:
            return {}
        return {self.exemption.header: secret(self.exemption.value, "exemption.value")}


def secret(variable: str, field: str) -> str:
    """The value of an environment variable that a target file names. Raises InputError, which never shows a value."""
    value = os.environ.get(variable, "")
    if not value:
        raise InputError(f"target file: {field}: the environment variable {variable} is not set")
    return value


def load_target(path: Path) -> Target:
    """Read a target file. Raises InputError with every mistake in it."""
    document = read_document(path, what="target file", may_be_empty=True)
    reading = read_as(document, Target)
    if reading.problems or reading.value is None:
        raise InputError(*reading.problems)
    target = reading.value
    target._folder = path.parent
    problems = [
        document.problem(("routes", name), f"the contract has no route {name!r}{did_you_mean(name, PATTERNS)}")
        for name in target.routes
        if name not in PATTERNS
    ]
    users, source = target.users, target.users.source
    if source is not UserSource.ACCOUNTS and users.file is None:
        problems.append(document.problem(("users",), f"{source} users need `file`"))
    if source is UserSource.MINTED and users.secret is None:
        problems.append(document.problem(("users",), "minted tokens need `secret`, the name of a variable"))
    if problems:
        raise InputError(*problems)
    return target

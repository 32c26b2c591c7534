"""What clients send with events. Unknown fields are ignored; older clients send an id bare where it is all there is."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, StringConstraints, model_validator

from simulator.api.exchange import Body

Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Content = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
MOST_ASKED: Final = 100


class Payload(Body):
    """Base of payloads. `bare` is the field that a payload which is no object stands for."""

    bare: ClassVar[str] = ""

    @model_validator(mode="before")
    @classmethod
    def _as_object(cls, value: Any) -> Any:
        if value is None:
            return {}
        return {cls.bare: value} if cls.bare and not isinstance(value, dict) else value


class Nothing(Payload):
    """Events that carry nothing that is looked at."""

    @model_validator(mode="before")
    @classmethod
    def _ignored(cls, value: Any) -> Any:
        return {}


class Identify(Payload):
    """identify."""

    large_threshold: int | None = Field(default=None, alias="large_threshold")
    presence: Any = None


class OfServer(Payload):
    """server:join and server:leave."""

    bare = "serverId"
    server_id: Id


class RequestMembers(OfServer):
    """server:request_members."""

    query: str = Field(default="", max_length=100)
    limit: int = Field(default=MOST_ASKED, ge=1, le=1000)


class OfChannel(Payload):
    """channel:join, channel:leave, channel:typing and channel:typing_stop."""

    bare = "channelId"
    channel_id: Id


class Attachment(Body):
    """A file beside a message."""

    url: str = Field(max_length=2000)
    filename: str = Field(max_length=255)
    size: int = Field(ge=0, lt=2**53)
    content_type: str = Field(max_length=100)


class Embed(Body):
    """A rich block beside a message."""

    title: str | None = Field(default=None, max_length=256)
    description: str | None = Field(default=None, max_length=4096)
    url: str | None = Field(default=None, max_length=2000)


class NewMessage(Payload):
    """message:create."""

    channel_id: Id
    content: Content
    nonce: Annotated[str, StringConstraints(max_length=200)] | Annotated[int, Field(ge=-(2**53), le=2**53)] | None = (
        None
    )
    reply_to: str | None = Field(default=None, max_length=200)
    embeds: list[Embed] = Field(default_factory=list, max_length=10)
    attachments: list[Attachment] = Field(default_factory=list, max_length=10)


class EditMessage(Payload):
    """message:edit."""

    message_id: Id
    content: Content


class OfMessage(Payload):
    """message:delete."""

    bare = "messageId"
    message_id: Id


class React(Payload):
    """message:react and message:unreact."""

    message_id: Id
    emoji: str = Field(min_length=1, max_length=64)


class Activity(Body):
    """What somebody is doing."""

    type: str = Field(max_length=50)
    name: str = Field(max_length=128)
    details: str | None = Field(default=None, max_length=128)
    state: str | None = Field(default=None, max_length=128)


class UpdatePresence(Payload):
    """presence:update."""

    bare = "status"
    status: Literal["online", "idle", "dnd", "offline"]
    activity: Activity | None = None


class RequestPresence(Payload):
    """presence:request."""

    bare = "userIds"
    user_ids: list[Id] = Field(max_length=1000)


class NewDirect(Payload):
    """dm:create."""

    bare = "recipientId"
    recipient_id: Id

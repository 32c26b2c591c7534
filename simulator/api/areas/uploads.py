"""Uploads, as far as journeys need them: where to put a file, and what is known of it."""

from __future__ import annotations

from pydantic import Field

from simulator.api.entities import StoredFile
from simulator.api.exchange import Body, Exchange, Failure, Reply
from simulator.api.limits import UPLOAD
from simulator.api.platform import Platform
from simulator.api.routing import serve


class Presign(Body):
    """POST /uploads/presigned-url."""

    filename: str = Field(min_length=1, max_length=255)
    content_type: str = Field(min_length=1, max_length=100)
    bucket: str = Field(default="attachments", max_length=63)


async def presign(platform: Platform, exchange: Exchange) -> Reply:
    """A URL to upload to; the stand-in keeps what the file is, not its bytes."""
    body = exchange.read(Presign)
    await platform.database.query("insert", "uploads")
    store = platform.store
    file = StoredFile(store.new_id(), body.filename, body.content_type, body.bucket, store.now(), exchange.caller.id)
    store.files.put(file.id, file)
    return Reply({"fileId": file.id, "uploadUrl": f"/storage/{file.bucket}/{file.id}", "expiresIn": 3600})


async def info(platform: Platform, exchange: Exchange) -> Reply:
    """What is known of a file."""
    await platform.database.query("select", "uploads")
    file = platform.store.files.get(exchange.values[0])
    if file is None:
        raise Failure(404, "RESOURCE_NOT_FOUND", "File not found")
    return Reply(file.view())


ENDPOINTS = (
    serve("POST", "uploads/presigned-url", presign, limit=UPLOAD),
    serve("GET", "uploads/:fileId/info", info),
)

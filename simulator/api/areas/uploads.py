"""Uploads: avatars, attachments, media and documents as multipart, and where to put a file by oneself.

Limits of size are the contract's; of each area, which types it takes is suggested here. What is kept of a file is what
it is, and its bytes while it is small, so that a download gives back what was sent.
"""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from typing import Final

import orjson
from pydantic import Field

from simulator.api.entities import StoredFile
from simulator.api.exchange import Body, Exchange, Failure, Reply
from simulator.api.limits import UPLOAD
from simulator.api.metrics import ApiMetrics
from simulator.api.multipart import NotMultipartError, Part, read_multipart
from simulator.api.platform import Platform
from simulator.api.routing import Handler, serve

MIB: Final = 1024 * 1024
MOST_FILES: Final = 10
KEPT_BYTES: Final = 64 * 1024
"""Files up to this size keep their bytes; with 5,000 files that is 320 MiB at most."""
_IMAGES: Final = ("image/",)
_PLAYED: Final = ("image/", "video/", "audio/")
_READ: Final = ("text/", "application/pdf", "application/msword", "application/vnd.", "application/json")
_NEVER: Final = ("application/x-msdownload", "application/x-executable", "application/x-sh", "text/x-shellscript")


@dataclass(frozen=True)
class Area:
    """One kind of upload: its bucket, the largest file in bytes, and the types it takes (none named: nearly all)."""

    bucket: str
    largest: int
    takes: tuple[str, ...] = ()

    def accepts(self, content_type: str) -> bool:
        """Whether a MIME type may be uploaded here."""
        return not content_type.startswith(_NEVER) and (not self.takes or content_type.startswith(self.takes))


AREAS: Final = {
    "avatar": Area("avatars", 5 * MIB, _IMAGES),
    "attachment": Area("attachments", 50 * MIB),
    "media": Area("media", 100 * MIB, _PLAYED),
    "document": Area("attachments", 25 * MIB, _READ),
}


class Presign(Body):
    """POST /uploads/presigned-url."""

    filename: str = Field(min_length=1, max_length=255)
    content_type: str = Field(min_length=1, max_length=100)
    bucket: str = Field(default="attachments", max_length=63)


def file_type(content_type: str) -> str:
    """The `file_type` label of a MIME type."""
    kind = content_type.partition("/")[0]
    if kind in ("image", "video", "audio"):
        return kind
    return "document" if content_type.startswith(_READ) else "other"


def _taking(area: Area) -> Handler:
    async def upload(platform: Platform, exchange: Exchange) -> Reply:
        files = _files(platform, exchange)
        made = [await _keep(platform, exchange, area, part) for part in files]
        views = [file.view() for file in made]
        return Reply(views[0] if len(views) == 1 else views)

    return upload


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
    return Reply(_find(platform, exchange).view())


async def download(platform: Platform, exchange: Exchange) -> Reply:
    """Its bytes; zeros of its length where they were not kept."""
    await platform.database.query("select", "uploads")
    file = _find(platform, exchange)
    content = file.content if file.content is not None else bytes(file.size)
    return Reply(raw=content, content_type=file.mime_type.encode("latin-1", "replace"))


async def delete(platform: Platform, exchange: Exchange) -> Reply:
    """Remove one's own file."""
    file = _find(platform, exchange)
    if file.uploaded_by != exchange.caller.id:
        raise Failure(404, "RESOURCE_NOT_FOUND", "File not found")
    await platform.database.query("delete", "uploads")
    platform.store.files.pop(file.id)
    return Reply({"message": "File deleted"})


def _files(platform: Platform, exchange: Exchange) -> list[Part]:
    """The files of the form. Raises Failure 400."""
    content_type = exchange.headers.get(b"content-type", b"").decode("latin-1")
    try:
        parts = read_multipart(content_type, exchange.body)
    except NotMultipartError as error:
        raise _refused(platform, "other", Failure(400, "BAD_REQUEST", f"Not a form with files: {error}")) from None
    for part in parts:
        if part.filename is None and part.name == "options":
            try:
                orjson.loads(part.content)
            except orjson.JSONDecodeError:
                raise _refused(platform, "other", Failure(400, "BAD_REQUEST", "options is not JSON")) from None
    files = [part for part in parts if part.filename is not None]
    if not 1 <= len(files) <= MOST_FILES:
        told = f"Send one to {MOST_FILES} files, not {len(files)}"
        raise _refused(platform, "other", Failure(400, "BAD_REQUEST", told))
    return files


async def _keep(platform: Platform, exchange: Exchange, area: Area, part: Part) -> StoredFile:
    name = part.filename or part.name
    mime = part.content_type
    if mime in ("text/plain", "application/octet-stream"):  # what a client says that does not know
        mime = mimetypes.guess_type(name)[0] or mime
    kind = file_type(mime)
    if len(part.content) > area.largest:
        told = f"{name} is larger than {area.largest // MIB} MiB"
        raise _refused(platform, kind, Failure(413, "BAD_REQUEST", told), "too_large")
    if not area.accepts(mime):
        raise _refused(platform, kind, Failure(400, "BAD_REQUEST", f"{mime} is not taken here"))
    if platform.faults.refuses_upload():
        raise _refused(platform, kind, Failure(503, "SERVICE_UNAVAILABLE", "Storage is not available"), "storage")
    await platform.database.query("insert", "uploads")
    store = platform.store
    file = StoredFile(
        store.new_id(),
        name,
        mime,
        area.bucket,
        store.now(),
        exchange.caller.id,
        size=len(part.content),
        hash=hashlib.sha256(part.content).hexdigest(),
        content=part.content if len(part.content) <= KEPT_BYTES else None,
    )
    store.files.put(file.id, file)
    platform.metrics.uploads.stored(kind, file.size, platform.clock.monotonic() - exchange.started)
    return file


def _refused(platform: Platform, kind: str, failure: Failure, reason: str = "invalid_type") -> Failure:
    platform.metrics.uploads.failed(kind, reason)
    return failure


def _find(platform: Platform, exchange: Exchange) -> StoredFile:
    file = platform.store.files.get(exchange.values[0])
    if file is None:
        raise Failure(404, "RESOURCE_NOT_FOUND", "File not found")
    return file


def _upload_refused(metrics: ApiMetrics, status: int) -> None:
    """Count an upload that failed before anybody looked at its file."""
    if status == 500:
        metrics.uploads.failed("other", "server")


ENDPOINTS = (
    *(
        serve("POST", f"uploads/{name}", _taking(area), limit=UPLOAD, refused=_upload_refused)
        for name, area in AREAS.items()
    ),
    serve("POST", "uploads/presigned-url", presign, limit=UPLOAD),
    serve("GET", "uploads/:fileId/info", info),
    serve("GET", "uploads/:fileId/download", download),
    serve("DELETE", "uploads/:fileId", delete),
)

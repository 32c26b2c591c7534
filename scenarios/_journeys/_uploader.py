"""The uploader sends a file, shows it to others, and looks at it."""

from __future__ import annotations

import secrets
import zlib

from _made import TAG
from _member import WORDING

from ._steps import GONE, NOT_ALLOWED, NothingToDoError, Steps, journey

_FILES = (
    # area, name, MIME type, weight, median size in bytes, largest
    ("attachment", "photo.png", "image/png", 50, 60_000, 400_000),
    ("document", "notes.pdf", "application/pdf", 20, 40_000, 300_000),
    ("avatar", "me.png", "image/png", 20, 20_000, 100_000),
    ("media", "clip.mp3", "audio/mpeg", 10, 120_000, 600_000),
)
"""Sizes are far below those that the model has: a generator's core is for requests, not for bytes."""
_SIGMA = 0.8


class Uploading(Steps):
    """Files."""

    abstract = True

    @journey
    def upload(self) -> None:
        """Upload a file, see what became of it, show it in a channel."""
        if self.thorough:
            for file in _FILES:
                self._upload(*file)
        else:
            (file,) = self.random.choices(_FILES, [entry[3] for entry in _FILES])
            self._upload(*file)

    def _upload(self, area: str, name: str, kind: str, _weight: int, median: int, largest: int) -> None:
        size = min(largest, int(median * self.random.lognormvariate(0, _SIGMA)))
        form = form_of("file", name, kind, _bytes(size))
        made = self.call("POST", f"/api/v1/uploads/{area}", form=form, makes="upload")
        if not isinstance(made, dict) or "id" not in made:
            raise NothingToDoError(f"the {area} was not taken")
        self.call("GET", "/api/v1/uploads/:fileId/info", fileId=made["id"], declines=GONE)
        if self.perhaps(0.5):
            channel = self.a_channel()
            file = {"url": made.get("url", ""), "filename": name, "size": size, "contentType": kind}
            text = f"{self.random.choice(WORDING.messages)} {TAG}"
            body: dict[str, object] = {"channelId": channel, "content": text, "attachments": [file]}
            self.call("POST", "/api/v1/messages", body=body, declines=NOT_ALLOWED, makes="message")


def form_of(field: str, name: str, kind: str, content: bytes) -> tuple[bytes, str]:
    """A form with one file (RFC 7578): its body and content type."""
    boundary = f"crybsim{secrets.token_hex(12)}"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


_NOISE = zlib.compress(bytes(range(256)) * 4, 0) * 600


def _bytes(size: int) -> bytes:
    return _NOISE[:size]

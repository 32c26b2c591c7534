"""The caller's inbox. Replies are bare objects here, and errors too (contract 1.3)."""

from __future__ import annotations

from simulator.api.exchange import Exchange, Failure, Form, Page, Reply
from simulator.api.platform import Platform
from simulator.api.routing import serve


async def notifications(platform: Platform, exchange: Exchange) -> Reply:
    """Newest first."""
    query = exchange.query(Page)
    await platform.database.query("select", "notifications")
    inbox = list(reversed(platform.store.inbox(exchange.caller)))
    return Reply(
        {
            "notifications": [entry.view() for entry in inbox[query.start : query.start + query.limit]],
            "total": len(inbox),
            "unreadCount": sum(not entry.is_read for entry in inbox),
            "page": query.page,
            "totalPages": -(-len(inbox) // query.limit),
        },
        form=Form.BARE,
    )


async def unread_count(platform: Platform, exchange: Exchange) -> Reply:
    """How many are new."""
    await platform.database.query("select", "notifications")
    inbox = platform.store.inbox(exchange.caller)
    return Reply({"count": sum(not entry.is_read for entry in inbox)}, form=Form.BARE)


async def read(platform: Platform, exchange: Exchange) -> Reply:
    """Mark one as read."""
    await platform.database.query("update", "notifications")
    for entry in platform.store.inbox(exchange.caller):
        if entry.id == exchange.values[0]:
            entry.is_read = True
            return Reply({"success": True}, form=Form.BARE)
    raise Failure(404, "NOT_FOUND", "Notification not found", form=Form.BARE)


async def read_all(platform: Platform, exchange: Exchange) -> Reply:
    """Mark all as read."""
    await platform.database.query("update", "notifications")
    for entry in platform.store.inbox(exchange.caller):
        entry.is_read = True
    return Reply({"success": True}, form=Form.BARE)


ENDPOINTS = (
    serve("GET", "notifications/notifications", notifications),
    serve("GET", "notifications/notifications/unread-count", unread_count),
    serve("POST", "notifications/notifications/:notificationId/read", read),
    serve("POST", "notifications/notifications/read-all", read_all),
)

"""Purchases of cryptocurrency, and the providers' webhooks.

A purchase is pending for a second, then being processed for two, then decided; nobody has to ask for that to happen, it
is worked out when somebody looks. `payment_failures` is what the provider refuses, for cards and for cryptocurrency.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from simulator.api.dealings import Payment
from simulator.api.exchange import Body, Exchange, Failure, Form, Page, Reply, page_of
from simulator.api.platform import Platform
from simulator.api.routing import serve
from simulator.units import SECOND

PENDING_MS: Final = SECOND
PROCESSING_MS: Final = 2 * SECOND
LARGEST: Final = 10_000.0
OPEN: Final = ("PENDING", "PROCESSING")

Amount = Annotated[str, StringConstraints(pattern=r"^\d{1,9}(\.\d{1,8})?$")]


class Purchase(Body):
    """POST /crypto-payments/purchase."""

    amount: Amount
    currency: Literal["USD", "EUR", "GBP", "JPY", "CAD", "AUD", "CHF"]
    crypto_currency: str = Field(min_length=2, max_length=10)
    network: str = Field(min_length=1, max_length=50)
    wallet_address: str = Field(min_length=10, max_length=100)


class CardEvent(Body):
    """POST /webhooks/stripe: as much of an event as is looked at."""

    type: str = Field(default="", max_length=100)


class TransakEvent(Body):
    """POST /webhooks/transak: as much of an event as is looked at."""

    event_id: str = Field(default="", alias="eventID", max_length=100)


async def purchase(platform: Platform, exchange: Exchange) -> Reply:
    """Buy."""
    body = exchange.read(Purchase)
    if not 0 < float(body.amount) <= LARGEST:
        raise Failure(400, "BAD_REQUEST", f"The amount has to be above 0 and at most {LARGEST:.0f}")
    await platform.database.query("insert", "payments")
    store = platform.store
    made = Payment(
        store.new_id(),
        exchange.caller.id,
        body.amount,
        body.currency,
        body.crypto_currency,
        body.network,
        body.wallet_address,
        store.now(),
        store.now_ms(),
        refused=platform.faults.refuses_payment(),
    )
    store.dealings.payments.put(made.id, made)
    return Reply(made.view())


async def payments(platform: Platform, exchange: Exchange) -> Reply:
    """The caller's, newest first."""
    query = exchange.query(Page)
    await platform.database.query("select", "payments")
    mine = [one for one in platform.store.dealings.payments.newest() if one.buyer == exchange.caller.id]
    for one in mine:
        settle(platform, one)
    return Reply(page_of([one.view() for one in mine[query.start : query.start + query.limit]], len(mine), query))


async def payment(platform: Platform, exchange: Exchange) -> Reply:
    """One of them."""
    await platform.database.query("select", "payments")
    return Reply(_find(platform, exchange).view())


async def cancel(platform: Platform, exchange: Exchange) -> Reply:
    """Call a purchase off that is not decided."""
    await platform.database.query("update", "payments")
    found = _find(platform, exchange)
    if found.status not in OPEN:
        raise Failure(400, "BAD_REQUEST", f"This payment is {found.status.lower()} already")
    found.status = "CANCELLED"
    return Reply(found.view())


async def stripe(platform: Platform, exchange: Exchange) -> Reply:
    """A card payment was decided; the stand-in checks no signature, and counts what it is told."""
    event = exchange.read(CardEvent).type
    if event.endswith((".succeeded", ".payment_failed")):
        succeeded = event.endswith(".succeeded") and not platform.faults.refuses_payment()
        platform.metrics.payments.ended("stripe", platform.clock.now_ms(), succeeded=succeeded)
    return Reply({"received": True}, form=Form.BARE)


async def transak(platform: Platform, exchange: Exchange) -> Reply:
    """An order moved on; the stand-in knows by itself, and acknowledges."""
    exchange.read(TransakEvent)
    return Reply({"received": True}, form=Form.BARE)


def settle(platform: Platform, one: Payment) -> None:
    """Move a payment's status on to where it has come by now."""
    age = platform.store.now_ms() - one.created_ms
    if one.status not in OPEN or age < PENDING_MS:
        return
    if age < PENDING_MS + PROCESSING_MS:
        one.status = "PROCESSING"
        return
    one.status = "FAILED" if one.refused else "COMPLETED"
    platform.metrics.payments.ended("crypto", platform.clock.now_ms(), succeeded=not one.refused)


def _find(platform: Platform, exchange: Exchange) -> Payment:
    found = platform.store.dealings.payments.get(exchange.values[0])
    if found is None or found.buyer != exchange.caller.id:
        raise Failure(400, "BAD_REQUEST", "There is no such payment of yours")
    settle(platform, found)
    return found


ENDPOINTS = (
    serve("POST", "crypto-payments/purchase", purchase),
    serve("GET", "crypto-payments/payments", payments),
    serve("GET", "crypto-payments/payments/:paymentId", payment),
    serve("POST", "crypto-payments/payments/:paymentId/cancel", cancel),
    serve("POST", "/webhooks/stripe", stripe, limit=None),
    serve("POST", "/webhooks/transak", transak, limit=None),
)

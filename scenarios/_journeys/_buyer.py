"""The buyer buys cryptocurrency and waits for it; some change their mind."""

from __future__ import annotations

from _member import Json

from ._steps import NothingToDoError, Steps, journey

_LOOKS = 4  # at a payment that is not decided
_BETWEEN_SECONDS = 1.2
_OPEN = ("PENDING", "PROCESSING")
_WAYS = (("ETH", "ethereum"), ("USDC", "ethereum"), ("SOL", "solana"))


class Buying(Steps):
    """Payments."""

    abstract = True

    @journey
    def buy(self) -> None:
        """Buy, look until it is decided, look at the list."""
        payment = self._purchase()
        route = "/api/v1/crypto-payments/payments/:paymentId"
        for _ in range(_LOOKS):
            self.rest(_BETWEEN_SECONDS)
            seen = self.call("GET", route, paymentId=payment)
            if not seen or seen.get("status") not in _OPEN:
                break
        self.call("GET", "/api/v1/crypto-payments/payments", query={"page": 1, "limit": 20})
        if self.perhaps(0.1):
            self.call("POST", f"{route}/cancel", paymentId=self._purchase(), declines=(400,))

    def _purchase(self) -> str:
        crypto, network = self.random.choice(_WAYS)
        body: Json = {
            "amount": f"{min(9_999.0, 20 + self.random.lognormvariate(3.4, 0.9)):.2f}",
            "currency": self.random.choice(("USD", "USD", "EUR", "GBP")),
            "cryptoCurrency": crypto,
            "network": network,
            "walletAddress": f"0x{self.random.getrandbits(160):040x}",
        }
        made = self.call("POST", "/api/v1/crypto-payments/purchase", body=body, makes="payment")
        if not made:
            raise NothingToDoError("the purchase was not taken")
        payment: str = made["id"]
        return payment

"""What visitors do in the shop: clicks to orders, and by which mark each can be attributed."""

import math
from collections import deque
from decimal import ROUND_DOWN, Decimal
from random import Random

from agents.simulator.attribution import UTM_FIELDS
from agents.simulator.faults import Fields
from agents.simulator.people import RARE_CURRENCIES, Creator

WEB = "web"
MARKS = frozenset(("influencer_id", "discount_code", "click_id", *UTM_FIELDS))
"""What says whose a conversion is."""
_DECIMALS = {"JPY": 0, "KWD": 3}
_PER_EURO = {"JPY": 160.0, "BRL": 6.0, "MXN": 20.0, "KWD": 0.33}


class ConversionMaker:
    """Draws conversions; remembers recent orders, so that refunds have something to refund."""

    def __init__(self, random: Random, shop_platform: str) -> None:
        """Create a maker without orders."""
        self._random = random
        self._shop_platform = shop_platform
        self._orders: deque[tuple[Creator, Fields, int]] = deque(maxlen=256)
        self._made = 0

    def draw(self, creator: Creator, at_ms: int, dead_checkout: str, run: str) -> tuple[Creator, Fields, int]:
        """Return (creator, fields, event time); fields lack id and time.

        ``dead_checkout`` is the campaign whose checkout is broken at ``at_ms``, or empty: there a purchase never gets
        past the cart.
        """
        draw = self._random.random
        chance = draw()
        if chance > 0.985 and self._orders:
            return self._refund(at_ms)
        self._made += 1
        fields: Fields = {"type": "click", "event_id": "", "campaign_id": creator.campaign_id, "platform": WEB}
        fields["occurred_at"] = at_ms
        if chance > 0.84 and creator.campaign_id != dead_checkout:
            currency = creator.currencies[int(draw() ** 2 * len(creator.currencies))]
            if draw() < 0.02:
                currency = RARE_CURRENCIES[int(draw() * len(RARE_CURRENCIES))]
            fields["type"] = "purchase"
            fields["platform"] = self._shop_platform
            fields["order_id"] = f"{run}o{self._made}"
            fields["amount"] = self._amount(currency)
            fields["currency"] = currency
        elif chance > 0.70:
            fields["type"] = "add_to_cart"
        elif chance > 0.62:
            fields["type"] = "signup"
        self._mark(fields, creator)
        if draw() < 0.012:
            fields["test"] = True
        if fields["type"] == "purchase":
            self._orders.append((creator, fields, at_ms))
        return creator, fields, at_ms

    def _amount(self, currency: str) -> str:
        euros = 45 * math.exp(self._random.gauss(0, 0.6))
        amount = euros * _PER_EURO.get(currency, 1.0)
        if self._random.random() < 0.2:
            return str(max(1, round(amount)))
        return f"{amount:.{_DECIMALS.get(currency, 2)}f}"

    def _refund(self, at_ms: int) -> tuple[Creator, Fields, int]:
        at = int(self._random.random() * len(self._orders))
        creator, order, ordered_ms = self._orders[at]
        del self._orders[at]
        fields = order | {"type": "refund"}
        if at % 2:
            # As shops send it: by its order, without a mark of whose that was.
            fields = {name: value for name, value in fields.items() if name not in MARKS}
        if self._random.random() < 0.3:
            amount = Decimal(order["amount"])
            part = (amount / 2).quantize(amount, rounding=ROUND_DOWN)
            fields["amount"] = str(part)
        return creator, fields, max(at_ms, ordered_ms)

    def _mark(self, fields: Fields, creator: Creator) -> None:
        """Leave the marks by which the creator can be found: one, several, misleading ones, or none."""
        draw = self._random.random
        chance = draw()
        if chance < 0.25:
            fields["influencer_id"] = creator.influencer_id
            if creator.codes and chance < 0.08:
                fields["discount_code"] = self._mixed_case(creator.codes[0])
        elif chance < 0.50:
            fields["discount_code"] = self._code(creator)
        elif chance < 0.70:
            self._follow_link(fields, creator)
        elif chance < 0.88:
            fields["click_id"] = self._click_id(creator)
        elif chance < 0.92:  # the code decides
            fields["discount_code"] = self._code(creator)
            fields["utm_source"] = "newsletter"
            fields["click_id"] = "somebody-else-1"
        elif chance < 0.94:  # an unknown code: the click id decides
            fields["discount_code"] = "WELCOME10"
            fields["click_id"] = self._click_id(creator)
        elif chance < 0.96:  # empty is absent
            fields["discount_code"] = ""
            fields["click_id"] = ""
            self._follow_link(fields, creator)
        elif chance < 0.98:
            fields["discount_code"] = "LEAKED50"

    def _mixed_case(self, text: str) -> str:
        chance = self._random.random()
        if chance < 0.4:
            return text
        if chance < 0.7:
            return text.lower()
        return text.upper() if chance < 0.85 else text.swapcase() if chance < 0.93 else text.title()

    def _code(self, creator: Creator) -> str:
        if not creator.codes:
            return ""
        return self._mixed_case(creator.codes[int(self._random.random() * len(creator.codes))])

    def _click_id(self, creator: Creator) -> str:
        if not creator.click_prefixes:
            return ""
        entry = creator.click_prefixes[int(self._random.random() * len(creator.click_prefixes))]
        return f"{entry[:-1]}{self._made:x}" if entry.endswith("*") else entry

    def _follow_link(self, fields: Fields, creator: Creator) -> None:
        if not creator.links:
            return
        link = creator.links[int(self._random.random() * len(creator.links))]
        for name, value in link.items():
            fields[name] = self._mixed_case(value)
        if "utm_term" not in link and self._random.random() < 0.3:
            fields["utm_term"] = "bio"

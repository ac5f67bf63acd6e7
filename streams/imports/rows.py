"""What becomes of a row of an export: events, a refusal with its reason, or a row that is none."""

from msgspec import Struct


class Refusal(Struct, frozen=True):
    """A row that did not become what it should.

    ``line`` counts from 1 (a file's line, a sheet's row, the number of a JSON record); ``column`` is the header as it
    stands in the file, and ``value`` what stood there, cut to what a person needs.
    """

    line: int
    column: str
    value: str
    reason: str


class RowRefused(ValueError):  # noqa: N818  # a verdict on input, not an error of the program
    """Raised by whatever reads a cell: the row cannot become an event. ``field`` is ours; "" concerns the whole row."""

    def __init__(self, field: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.value = value
        self.reason = reason


class RowSkipped(Exception):  # noqa: N818  # as above
    """Raised where a row is rightly no event: a total, an order that nobody paid, the second line of an order."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

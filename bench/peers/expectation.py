"""What every system must have counted: totals and windows by DuckDB, which shares nothing with any of them."""

from pathlib import Path
from typing import Any, Final

import duckdb

_SQL: Final = (Path(__file__).parent / "expected.sql").read_text(encoding="utf-8")
_FACTS: Final = "create table facts"
_WINDOWS: Final = (("1m", 60_000), ("5m", 300_000))
Totals = dict[str, list[Any]]
"""By key: events, comments, engagements, conversions, and millionths by currency."""
Windows = dict[str, dict[str, list[Any]]]
"""By key and ``LABEL:START_MS``: the same without the events."""


def expected(path: Path) -> dict[str, Any]:
    """Return ``totals``, ``windows``, and ``windows_sorted``: with late snapshots in the order of their times.

    Args:
        path: the events, a JSON object a line: ``s`` place, ``t`` number of the topic, ``k`` key, ``e`` the event.

    Raises:
        RuntimeError: two ways to the same totals differ.
    """
    with duckdb.connect() as connection:
        connection.execute("set threads=2; set memory_limit='6GB'; set timezone='UTC'")
        _run(connection, _SQL.replace(":path", f"'{path}'").replace(":deltas", "delta"))
        wrong = connection.execute(
            "select * from (select k, sum(d) as d from delta group by k) full join latest using (k)"
            " where d is distinct from total"
        ).fetchall()
        if wrong:
            raise RuntimeError(f"two ways to the snapshots' totals differ: {wrong[:3]}")
        totals = _totals(connection)
        windows = _windows(connection, totals)
        connection.execute("drop table facts")
        _, create, facts = _SQL.replace(":deltas", "delta_sorted").partition(_FACTS)
        _run(connection, create + facts)
        if _totals(connection) != totals:
            raise RuntimeError("snapshots in the order of their times have other totals")
        return {"totals": totals, "windows": windows, "windows_sorted": _windows(connection, totals)}


def _run(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    for statement in text.split(";\n"):
        if statement.strip():
            connection.execute(statement)


def _totals(connection: duckdb.DuckDBPyConnection) -> Totals:
    return {key: value for (key,), value in _numbers(connection, "k", "k").items()}


def _windows(connection: duckdb.DuckDBPyConnection, totals: Totals) -> Windows:
    windows: Windows = {key: {} for key in totals}
    for label, size_ms in _WINDOWS:
        for (key, start_ms), value in _numbers(connection, f"k, ms // {size_ms} * {size_ms}", "1, 2").items():
            if any(value[1:4]) or value[4]:
                windows[key][f"{label}:{start_ms}"] = value[1:]
    return windows


def _numbers(connection: duckdb.DuckDBPyConnection, columns: str, group: str) -> dict[tuple[Any, ...], list[Any]]:
    rows = connection.execute(
        f"select {columns}, sum(events)::BIGINT, sum(comments)::BIGINT, sum(engagements)::BIGINT,"
        f" sum(conversions)::BIGINT from facts group by {group}"
    ).fetchall()
    money = connection.execute(
        f"select {columns}, currency, sum(micros)::BIGINT from facts where currency is not null"
        f" group by {group}, currency order by currency"
    ).fetchall()
    width = len(rows[0]) - 4
    found: dict[tuple[Any, ...], list[Any]] = {row[:width]: [*row[width:], {}] for row in rows}
    for row in money:
        found[row[:width]][-1][row[width]] = row[-1]
    return found

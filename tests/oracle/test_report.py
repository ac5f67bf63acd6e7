"""The report's page says the oracle's numbers; the long form is ``python -m tests.oracle.report --events 300000``."""

from pathlib import Path

import pytest

from .oracle import Record
from .report import Comparison, expected, page_of, simulated


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Record, Path]:
    """A page, the oracle's answer, the definition."""
    folder = tmp_path_factory.mktemp("report")
    definition, file, now_ms = simulated(folder, 3_000, 7)
    return page_of(definition, file, now_ms, folder / "report.html"), expected(definition, file, now_ms), definition


def test_every_number_of_a_report_is_the_oracles(made: tuple[str, Record, Path]) -> None:
    """Figures, tables as CSV and what is shown agree with SQL that shares no code with ours."""
    comparison = Comparison(*made)
    assert comparison.run() == []
    assert comparison.compared > 3_000


def test_a_wrong_number_is_found(made: tuple[str, Record, Path]) -> None:
    """A comparison that could not fail would prove nothing: one order more, in the figures or in what is shown."""
    page, oracle, definition = made
    orders = next(each for each in oracle["campaigns"] if each["campaign_id"] == "spring")["windows"]["total"][
        "purchases"
    ]
    wrong = page.replace(f'"purchases":{orders}', f'"purchases":{orders + 1}', 1)
    assert wrong != page
    assert Comparison(wrong, oracle, definition).run() != []

"""docs/guarantees.md: its tables are those of the kept results, and have every scenario."""

from tests.faults.report import BLOCKS, PAGE, RESULTS, read_results, rendered
from tests.faults.scenarios import SCENARIOS


def test_tables_are_those_of_the_results() -> None:
    """No figure is written by hand: the page is what the command makes of docs/guarantees.json."""
    page = PAGE.read_text(encoding="utf-8")
    assert rendered(page, read_results(RESULTS)) == page


def test_tables_name_every_scenario() -> None:
    """Each scenario has its row, whether measured, not measured or not possible there, and there are no others."""
    page = PAGE.read_text(encoding="utf-8")
    for subject, broker in BLOCKS:
        table = page.partition(f"<!-- faults: {subject} {broker} -->\n")[2].partition("<!-- end of faults -->")[0]
        named = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[2:]]
        assert named == [
            each.title
            for each in SCENARIOS
            if (subject == "pulse" or each.plain) and (broker != "kafka3" or broker in each.brokers)
        ]


def test_lost_and_doubled_are_zero() -> None:
    """What is kept of our own workers lost and doubled nothing, and nothing else differed."""
    assert [result for result in read_results(RESULTS) if result.subject == "pulse" and not result.exact] == []

"""How many of the input's partitions are held: behind every sum over influencers, so beside the sums."""

from tools.dashboards import style

_SUM, _ALL = f"sum(campaign_pulse_partitions{style.JOB})", f"max(campaign_pulse_input_partitions{style.JOB})"
_HELD = (
    f'{_SUM} / {_ALL} * on () group_left (held) count_values("held", {_SUM})'
    f' * on () group_left (all) count_values("all", {_ALL})'
)
"""The share that is held, with both numbers as labels."""


def held(size: tuple[int, int], text_size: int | None = None) -> style.Panel:
    """Return "4 of 8": green when every partition is held."""
    return style.number(
        "Partitions",
        "How many of the input's partitions are held by workers. While some are held by nobody, sums are left out:"
        " they would look like totals.",
        [style.query(_HELD, "{{held}} of {{all}}", at_once=True)],
        size=size,
        text_size=text_size,
        unit="percentunit",
        decimals=0,
        steps=((None, style.VERMILLION), (1, style.GREEN)),
        no_value="no worker",
        no_value_colour=style.VERMILLION,
        with_name=True,
    )

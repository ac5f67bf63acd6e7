"""Pipeline health: is what the other dashboards show complete and fresh?"""

from typing import Any

from agents.liveness.health import PHASES
from tools.dashboards import style
from tools.dashboards.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, query
from tools.dashboards.words import IS_UP, PHASE_WORDS

_JOB = style.JOB
_OF_PHASE = _JOB.replace("}", ',phase="%s"}')
_PHASE_NUMBERS = " or ".join(
    f"{number} * campaign_pulse_phase{_OF_PHASE % phase}" for number, phase in enumerate(PHASES, start=1)
)


def _shortly(expression: str) -> str:
    """Name the inputs' topics as people do: of their whole names bars would show the beginning."""
    for name in ("posts", "comments", "conversions"):
        expression = f'label_replace({expression}, "topic", "{name}", "topic", "campaign[.]{name}[.]v[0-9]+")'
    return expression


def build() -> Any:
    """Return the dashboard."""
    made = style.page(
        "pulse-pipeline",
        "Pipeline health",
        "Workers, throughput, delay, what is refused, sinks, memory.",
        [],
    )
    for panel in (*_numbers(), *_flow(), *_parts()):
        made = made.with_panel(panel)
    return made


def _numbers() -> list[style.Panel]:
    return [
        style.number(
            "Workers",
            "Workers that answer Prometheus.",
            [query(f"sum(job:up:sum{_JOB})", at_once=True)],
            size=(3, 4),
            steps=((None, VERMILLION), (1, GREEN)),
            no_value="no worker",
            no_value_colour=VERMILLION,
        ),
        style.number(
            "Partitions",
            "Part of the input's partitions that workers hold. Below 100 % nobody counts the others, and sums over"
            " campaigns are left out.",
            [
                query(
                    f"sum(campaign_pulse_partitions{_JOB}) / max(campaign_pulse_input_partitions{_JOB})",
                    at_once=True,
                )
            ],
            size=(3, 4),
            unit="percentunit",
            decimals=0,
            steps=((None, VERMILLION), (1, GREEN)),
            no_value="no worker",
            no_value_colour=VERMILLION,
        ),
        style.number(
            "Events a second",
            "Distinct events counted by all workers, over the last minute.",
            [query("sum(job:campaign_pulse_events:rate1m)")],
            unit="eps",
        ),
        style.number(
            "Behind",
            "Records of the input topics that are not applied yet.",
            [query("sum(job:campaign_pulse_lag_records:sum)", at_once=True)],
            size=(3, 4),
            no_value="no partition held",
            no_value_colour=VERMILLION,
            steps=((None, GREEN), (10_000, ORANGE), (100_000, VERMILLION)),
        ),
        style.number(
            "Event time behind",
            "Clock minus the event time of the slowest partition. Rolling windows and alerts are that late.",
            [query("max(job:campaign_pulse_watermark_delay_seconds:max)", at_once=True)],
            no_value="not known",
            no_value_colour=GREY,
            unit="s",
            steps=((None, GREEN), (30, ORANGE), (120, VERMILLION)),
        ),
        style.number(
            "Published after, p99",
            "From the broker's timestamp of an event to the end of the flush that contains it.",
            [query("max(job:campaign_pulse_event_to_publish_seconds:p99_5m)")],
            unit="s",
            steps=((None, GREEN), (3, ORANGE), (10, VERMILLION)),
            no_value="no events",
        ),
        style.number(
            "Alerts",
            "Alerts about the workers that fire now.",
            [query('count(ALERTS{area="pipeline",alertstate="firing"}) or vector(0)', at_once=True)],
            size=(3, 4),
            steps=((None, GREEN), (1, VERMILLION)),
        ),
    ]


def _flow() -> list[style.Panel]:
    return [
        style.states(
            "Phases",
            "What each worker does: docs/liveness.md explains the phases. Away from `ready` it counts nothing.",
            [query(f"sum by (instance) ({_PHASE_NUMBERS})", "{{instance}}")],
            size=(24, 5),
            mappings=PHASE_WORDS,
            no_value="no worker",
        ),
        style.lines(
            "Throughput by worker",
            "Distinct events a second.",
            [query(f"sum by (instance) (rate(campaign_pulse_events_total{_JOB}[$__rate_interval]))", "{{instance}}")],
            unit="eps",
            bounds=(0, None),
            legend_numbers=("lastNotNull",),
        ),
        style.lines(
            "Behind, by topic",
            "Records not applied yet.",
            [query("sum by (topic) (job_topic:campaign_pulse_lag_records:sum)", "{{topic}}")],
            colours={
                "campaign.comments.v1": BLUE,
                "campaign.posts.v1": ORANGE,
                "campaign.conversions.v1": GREEN,
            },
            bounds=(0, None),
        ),
        style.bars(
            "Behind, by partition",
            "The eight partitions with the most records waiting. One alone: a stuck partition or a hot key.",
            [
                query(
                    f"sort_desc({_shortly(f'topk(8, max by (topic, partition) (campaign_pulse_lag_records{_JOB}))')})",
                    "{{topic}} {{partition}}",
                    at_once=True,
                )
            ],
            size=(8, 8),
            colour=ORANGE,
        ),
        style.bars(
            "Refused, by reason",
            "Values a second that became dead letters, over five minutes, the eight commonest reasons; docs/events.md"
            " explains them.",
            [
                query(
                    "sort_desc(topk(8, sum by (reason) (job_reason:campaign_pulse_rejected:rate5m) > 0))",
                    "{{reason}}",
                    at_once=True,
                )
            ],
            colour=ORANGE,
            size=(8, 8),
            unit="eps",
            no_value="no refusal is known",
        ),
        style.lines(
            "Redeliveries, forwards, gaps",
            "A second: events seen before and not counted again; events sent on to their key's partition;"
            " offsets that were not there (should be 0).",
            [
                query(f"sum(rate(campaign_pulse_duplicates_total{_JOB}[$__rate_interval]))", "redeliveries", ref="A"),
                query(f"sum(rate(campaign_pulse_forwarded_total{_JOB}[$__rate_interval]))", "forwards", ref="B"),
                query(f"sum(rate(campaign_pulse_missing_offsets_total{_JOB}[$__rate_interval]))", "gaps", ref="C"),
            ],
            size=(8, 8),
            unit="eps",
            colours={"redeliveries": BLUE, "forwards": ORANGE, "gaps": VERMILLION},
        ),
        style.lines(
            "Flush",
            "How long the last flush took, by worker.",
            [query(f"max by (instance) (campaign_pulse_flush_duration_seconds{_JOB})", "{{instance}}")],
            size=(8, 8),
            unit="s",
            steps=((None, GREEN), (5, VERMILLION)),
            bounds=(0, None),
            legend_numbers=("lastNotNull",),
        ),
        style.lines(
            "Event time behind the clock, by worker",
            "Clock minus the event time of the worker's slowest partition.",
            [query(f"max by (instance) (campaign_pulse_watermark_delay_seconds{_JOB})", "{{instance}}")],
            size=(8, 8),
            unit="s",
            steps=((None, GREEN), (120, VERMILLION)),
            bounds=(0, None),
            legend_numbers=("lastNotNull",),
        ),
        style.states(
            "Redis",
            "Whether the last write of each worker went through.",
            [query(f"min by (instance) (campaign_pulse_redis_up{_JOB})", "{{instance}}")],
            size=(4, 8),
            mappings=IS_UP,
            no_value="no Redis configured",
        ),
        style.lines(
            "Waiting for Redis",
            "How many entities wait to be written.",
            [query(f"sum(campaign_pulse_redis_backlog{_JOB})", "waiting")],
            size=(4, 8),
            colours={"waiting": ORANGE},
            no_value="no Redis configured",
            bounds=(0, None),
        ),
    ]


def _parts() -> list[style.Panel]:
    return [
        style.rows_of(
            "Workers",
            "Partitions, influencers and memory of each worker.",
            [
                query(f"max by (instance) (campaign_pulse_partitions{_JOB})", ref="A", rows=True),
                query(f"max by (instance) (campaign_pulse_influencers{_JOB})", ref="B", rows=True),
                query(f"max by (instance) (campaign_pulse_folded_influencers{_JOB})", ref="C", rows=True),
                query(f"max by (instance) (process_resident_memory_bytes{_JOB})", ref="D", rows=True),
                query(f"max by (instance) (rate(process_cpu_seconds_total{_JOB}[1m]))", ref="E", rows=True),
            ],
            size=(12, 8),
            names={
                "instance": "Worker",
                "Value #A": "Partitions",
                "Value #B": "Influencers",
                "Value #C": "Folded",
                "Value #D": "Memory",
                "Value #E": "Cores",
            },
            units={"Memory": "bytes", "Cores": "percentunit"},
        ),
        style.number(
            "Event ids remembered",
            "Part of the capacity, fullest worker. Above 100 % the oldest redeliveries are not recognised.",
            [query(f"max(campaign_pulse_dedupe_ids{_JOB} / (campaign_pulse_dedupe_capacity_ids{_JOB} > 0))")],
            size=(4, 8),
            unit="percentunit",
            steps=((None, GREEN), (0.75, ORANGE), (0.9, VERMILLION)),
        ),
        style.number(
            "Sentiment cache",
            "Comments whose polarity was remembered, of all, over five minutes.",
            [query("max(job:campaign_pulse_sentiment_cache_hits_of_all:ratio_rate5m)")],
            size=(4, 8),
            unit="percentunit",
            no_value="no comments",
        ),
        style.lines(
            "Scrape",
            "How long the slowest scrape takes; docs/metrics.md states bounds.",
            [
                query(f"max(scrape_duration_seconds{_JOB})", "seconds", ref="A"),
            ],
            size=(4, 8),
            unit="s",
            colours={"seconds": PURPLE},
            bounds=(0, None),
        ),
        style.lines(
            "Judging of alerts",
            "Windows of influencers and campaigns judged a minute; minutes that could not be judged, and changes that"
            " wait to be told (both should be 0).",
            [
                query(f"sum(increase(campaign_pulse_windows_observed_total{_JOB}[2m])) / 2", "judged", ref="A"),
                query(f"sum(campaign_pulse_windows_skipped_total{_JOB})", "not judged", ref="B"),
                query(f"sum(campaign_pulse_alerts_untold{_JOB})", "untold", ref="C"),
            ],
            size=(24, 6),
            colours={"judged": SKY, "not judged": ORANGE, "untold": VERMILLION},
            bounds=(0, None),
        ),
        style.lines(
            "Series by worker",
            "Samples of the last scrape, by worker.",
            [query(f"max by (instance) (scrape_samples_scraped{_JOB})", "{{instance}}")],
            size=(8, 6),
            bounds=(0, None),
            legend_numbers=("lastNotNull",),
        ),
        style.lines(
            "Fencing",
            "Times a worker that slept through its session was shut out, and changelog records of such workers that"
            " were left out; since the workers started.",
            [
                query(f"sum(campaign_pulse_fenced_out_total{_JOB})", "shut out", ref="A"),
                query(f"sum(campaign_pulse_dropped_changelog_records_total{_JOB})", "records left out", ref="B"),
                query(f"sum(campaign_pulse_foreign_changelog_records_total{_JOB})", "records of others", ref="C"),
            ],
            size=(8, 6),
            colours={"shut out": VERMILLION, "records left out": ORANGE, "records of others": PURPLE},
            bounds=(0, None),
        ),
        style.lines(
            "Memory by worker",
            "Resident memory.",
            [query(f"max by (instance) (process_resident_memory_bytes{_JOB})", "{{instance}}")],
            size=(8, 6),
            unit="bytes",
            colours={"memory": SKY},
            bounds=(0, None),
            legend_numbers=("lastNotNull",),
        ),
    ]

"""What the desk says, as a page shows it: texts in the reader's language, times in UTC."""

from collections.abc import Iterable, Sequence
from typing import Any

from gateway.desk.answers import ActionAnswer, SuspectAnswer
from gateway.desk.letters import LetterCount
from gateway.pages.formats import clock, day, iso, whole
from models.actions import AlertTarget, LettersTarget, PersonTarget
from models.alerts import Alert
from streams.giveaway.answers import CommentAnswer

Texts = dict[str, str]


def as_of(at_ms: int | None, texts: Texts) -> str:
    """Return when the suspicious entrants were looked for."""
    return texts["not_looked_for"] if at_ms is None else texts["suspects_as_of"].format(time=day(at_ms))


def suspects(found: Iterable[SuspectAnswer], texts: Texts) -> list[dict[str, Any]]:
    """Return the suspicious entrants."""
    shown = []
    for each in found:
        suspect = each.suspect
        platform, _, author_id = suspect.person.partition("/")
        parts = [
            texts["score"].format(score=f"{suspect.score:.2f}"),
            texts["entries_of"].format(count=suspect.entries),
            texts[f"by_policy_{suspect.action}"],
        ]
        shown.append(
            {
                "person": suspect.person,
                "platform": platform,
                "author_id": author_id,
                "name": suspect.handle or author_id,
                "action": suspect.action,
                "said": " · ".join(parts),
                "reasons": [
                    {"name": texts[f"reason_{reason.reason}"], "detail": reason.detail} for reason in suspect.findings
                ],
                "decided": None if each.decided is None else _decided(each.decided, texts),
            }
        )
    return shown


def _decided(told: ActionAnswer, texts: Texts) -> dict[str, str]:
    action = told.action
    by = texts["by"].format(name=action.actor)
    text = f"{texts[f'kind_{action.kind}']} {by}, {day(action.at_ms)}: {texts[f'state_{told.state}']}"
    return {"kind": action.kind, "state": told.state, "text": text}


def alerts(found: Iterable[Alert], texts: Texts, now_ms: int) -> list[dict[str, str]]:
    """Return the open alerts as sentences, and until when each is muted."""
    return [
        {
            "rule": each.rule,
            "influencer_id": each.influencer_id or "",
            "whom": f"{each.rule}, {each.influencer_id or texts['the_campaign']}",
            "severity": each.severity,
            "explanation": each.explanation,
            "iso": iso(each.opened_at_ms),
            "clock": clock(each.opened_at_ms),
            "muted": texts["muted_until"].format(time=clock(each.silent_until_ms))
            if now_ms < each.silent_until_ms
            else "",
        }
        for each in found
    ]


def letters(found: Sequence[LetterCount], texts: Texts, language: str) -> list[dict[str, Any]]:
    """Return the dead letters by reason."""
    return [
        {
            "reason": each.reason,
            "open": each.open,
            "text": texts["letter_counts"].format(
                open=whole(each.open, language),
                redriven=whole(each.redriven, language),
                hindered=whole(each.hindered, language),
            ),
        }
        for each in found
    ]


def actions(found: Iterable[ActionAnswer], texts: Texts) -> list[dict[str, str]]:
    """Return what was decided, the newest first."""
    return [
        {
            "kind": each.action.kind,
            "state": each.state,
            "iso": iso(each.action.at_ms),
            "time": day(each.action.at_ms),
            "what": texts[f"kind_{each.action.kind}"],
            "whom": _whom(each, texts),
            "by": texts["by"].format(name=each.action.actor),
            "became": _became(each, texts),
            "note": each.action.note,
        }
        for each in found
    ]


def _whom(told: ActionAnswer, texts: Texts) -> str:
    match told.action.target:
        case PersonTarget(platform=platform, author_id=author_id):
            return f"{platform}/{author_id}"
        case AlertTarget(rule=rule, influencer_id=influencer_id):
            return f"{rule}, {influencer_id or texts['the_campaign']}"
        case LettersTarget(reason=reason):
            return reason


def _became(told: ActionAnswer, texts: Texts) -> str:
    parts = [texts[f"state_{told.state}"]]
    if told.muted_until_ms is not None and told.state != "over":
        parts.append(texts["muted_until"].format(time=clock(told.muted_until_ms)))
    if told.outcome is not None:
        outcome = told.outcome
        parts.append(
            texts["outcome"].format(
                letters=outcome.letters, redriven=outcome.redriven, hindered=outcome.hindered, open=outcome.open
            )
        )
    return ", ".join(parts)


def comments(found: Iterable[CommentAnswer], texts: Texts) -> list[dict[str, str]]:
    """Return what became of each comment."""
    return [
        {
            "text": each.text,
            "iso": iso(each.at_ms),
            "time": day(each.at_ms),
            "versions": texts["versions"].format(count=each.versions) if each.versions > 1 else "",
            "link": each.link if each.link.startswith("https://") else "",
            "verdict": each.verdict or "",
            "word": texts[f"verdict_{each.verdict or 'none'}"],
            "because": each.because,
        }
        for each in found
    ]

"""The state machine of one alert: ok, pending, firing, recovering.

    ok ──fire_at──▶ pending ──fire_windows──▶ firing ──below clear_at──▶ recovering ──clear_windows──▶ ok
                       └──below fire_at──▶ ok    ▲─────────at clear_at──────┘         (then cool-down)

Only closed windows move it and every time in it is an event time, so the same windows give the same alerts in a live
worker, after a crash and in a replay.
"""

import hashlib
from typing import Literal

from msgspec import Struct

from models.alerts import AlertPhase, AlertRule, RuleName, Severity, TransitionKind

GROWTH = 1.5
"""A firing alert is updated when its strength has grown by this factor since it was opened or last updated."""


class AlertMemory(Struct, gc=False):
    """What one alert remembers between windows; serialisable with msgspec."""

    phase: AlertPhase = "ok"
    streak: int = 0
    alert_id: str = ""
    opened_at_ms: int = 0
    told_at_ms: int = 0
    told_strength: float = 0.0
    quiet_until_ms: int = 0
    held: bool = False
    severity: Severity | None = None
    """As told last; None in states written before it was remembered."""
    together: bool = False
    """Whether it speaks for a storm: several influencers' alerts of one moment."""

    @property
    def is_open(self) -> bool:
        """Whether the alert has been opened and not yet resolved."""
        return self.phase in ("firing", "recovering")


Hold = Literal["none", "muted", "inhibited"]


class Step(Struct, frozen=True, gc=False):
    """What a window did to an alert, where that is worth a transition."""

    kind: TransitionKind
    expired: bool = False


def alert_id(campaign_id: str, influencer_id: str | None, rule: RuleName, opened_at_ms: int) -> str:
    """Return the stable id of an alert: the same window opens the same alert, wherever and however often computed."""
    parts = (campaign_id, "campaign" if influencer_id is None else "influencer", influencer_id or "")
    text = "\x1f".join((*parts, rule, str(opened_at_ms)))
    return f"{rule}-{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


def advance(memory: AlertMemory, rule: AlertRule, at_ms: int, strength: float, hold: Hold = "none") -> Step | None:
    """Move ``memory`` by one closed window.

    Args:
        memory: changed in place.
        rule: the thresholds.
        at_ms: end of the window, event time.
        strength: evidence, 1 at the rule's own point of alarm.
        hold: ``muted`` inside a planned moment, ``inhibited`` while a stronger alert explains this one. Neither opens
            an alert; what began while held stays held until it has cleared once. A firing alert may still resolve.

    Returns:
        What happened, or None when it is not worth a transition.
    """
    phase = memory.phase
    if phase == "ok":
        if strength < rule.clear_at:
            memory.held = False
        if strength < rule.fire_at:
            return None
        if hold != "none":
            # Inhibition ends with its cause: only a planned moment swallows the whole episode.
            memory.held = memory.held or hold == "muted"
            return None
        if memory.held or at_ms < memory.quiet_until_ms:
            return None
        memory.phase, memory.streak = "pending", 0
        phase = "pending"
    if phase == "pending":
        if strength < rule.fire_at or hold != "none":
            memory.phase, memory.streak = "ok", 0
            memory.held = memory.held or (hold == "muted" and strength >= rule.clear_at)
            return None
        memory.streak += 1
        if memory.streak < rule.fire_windows and strength < rule.urgent_at:
            return None
        memory.phase, memory.streak = "firing", 0
        memory.opened_at_ms = memory.told_at_ms = at_ms
        memory.told_strength = strength
        return Step("opened")
    if at_ms - memory.opened_at_ms >= rule.expire_ms:
        close(memory, rule, at_ms)
        memory.held = True
        return Step("resolved", expired=True)
    if strength < rule.clear_at:
        memory.streak = memory.streak + 1 if phase == "recovering" else 1
        memory.phase = "recovering"
        if memory.streak < rule.clear_windows:
            return None
        close(memory, rule, at_ms)
        return Step("resolved")
    memory.phase, memory.streak = "firing", 0
    grown = strength >= GROWTH * memory.told_strength
    if grown and hold == "none" and at_ms - memory.told_at_ms >= rule.update_interval_ms:
        memory.told_at_ms, memory.told_strength = at_ms, strength
        return Step("updated")
    return None


def retract(memory: AlertMemory) -> None:
    """Take back an alert that opened in this window and was not told: it stays unsaid until it has cleared once."""
    memory.phase, memory.streak, memory.held = "ok", 0, True


def open_together(memory: AlertMemory, at_ms: int, strength: float) -> Step:
    """Open an alert that speaks for several others of this window."""
    memory.phase, memory.streak, memory.together = "firing", 0, True
    memory.opened_at_ms = memory.told_at_ms = at_ms
    memory.told_strength = strength
    return Step("opened")


def close(memory: AlertMemory, rule: AlertRule, at_ms: int) -> None:
    """Go back to ok, quiet for the cool-down."""
    memory.phase, memory.streak = "ok", 0
    memory.together = False
    memory.quiet_until_ms = at_ms + rule.cool_down_ms

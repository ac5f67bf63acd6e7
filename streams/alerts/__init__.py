"""From closed minutes to transitions of alerts: merging, engine, state machine, words."""

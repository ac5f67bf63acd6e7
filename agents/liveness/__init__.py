"""Phases, symptoms, the watchdog and exit codes."""

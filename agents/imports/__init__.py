"""Exports of other tools as files: reading CSV, XLSX and JSON, and where the events go."""

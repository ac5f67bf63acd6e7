"""The read API: ``/v1/campaigns`` and what lies below, for keys with scopes. ``docs/api.md``."""

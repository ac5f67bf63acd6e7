"""Drafts of definitions: a roster of influencers, and the YAML that a person goes on with."""

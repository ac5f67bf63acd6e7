"""Purging campaigns, forgetting people, telling what is known of them: one walk over ``models.personal_data``."""

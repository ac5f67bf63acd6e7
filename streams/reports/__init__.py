"""What a campaign was: the figures of a report for people who pay for one, its charts and its page."""

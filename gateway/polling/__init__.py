"""Asking the platforms: what their webhooks cannot tell, and what did not arrive."""

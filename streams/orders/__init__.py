"""Orders: what was bought and given back, by order id, and what of it belongs to which influencer."""

"""Tables of a campaign for other tools: what each column means, and its rows."""

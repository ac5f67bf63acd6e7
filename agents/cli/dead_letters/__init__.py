"""``campaign-pulse dead-letters``: refused events listed, shown and sent again."""

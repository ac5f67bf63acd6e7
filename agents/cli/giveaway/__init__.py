"""The commands of `campaign-pulse giveaway`."""

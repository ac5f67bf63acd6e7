"""The log of giveaways: blocks, what a comment says, people, forgetting."""

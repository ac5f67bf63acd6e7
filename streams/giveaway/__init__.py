"""Rules, entries, chances and numbers of giveaways; dry run, freeze and draw."""

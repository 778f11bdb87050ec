"""Classifiers that somebody wrote: fitted, proven and published as those of Lifeboat are."""

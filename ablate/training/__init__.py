"""Train and score one run."""

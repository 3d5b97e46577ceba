"""The kinds of terms that a loss may be a sum of, a file each."""

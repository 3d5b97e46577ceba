"""Reading a repository without running it, and writing a study file that runs its commands."""

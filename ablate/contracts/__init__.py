"""The contracts of the plug points, run over members: the packaged ones in tests, others by check.

Every check yields what is broken and how to fix it, "WHAT; FIX", and trusts nothing of its member.
"""

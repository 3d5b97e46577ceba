"""The contracts of the plug points, run over members: the packaged ones in tests, others by check.

Every check yields what is broken and the mend, "WHAT; MEND", and trusts nothing of its member.
"""

"""Synthetic studies with a planted truth: does the protocol find it, and nothing else?"""

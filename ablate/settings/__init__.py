"""One home for every setting: its default, range and meaning, in one class per section.

From a class here follow the packaged defaults, the check of study files, the identity of a recipe
(which settings count, and what a recorded study meant that did not know one), the reference pages
and the typed values that training reads.
"""

"""The exploration part of verdict.json, as figures ask for it."""

from collections.abc import Mapping
from typing import Any

from ablate.report.contents import Contents


def responses_with(contents: Contents, part: str) -> list[Mapping[str, Any]]:
    """Return the explored responses that have some part, such as "importance"."""
    return [one for one in contents.explored.get("responses", ()) if one[part]]


def why_not(contents: Contents, part: str) -> str | None:
    """Return why no response has some part, None where one has."""
    if responses_with(contents, part):
        return None
    if not contents.explored:
        return "the study has no exploration"
    reasons = [one["reason"] for one in contents.explored["responses"] if one["reason"]]
    return (contents.explored["reason"] or next(iter(reasons), "")) or "no trial has a score"

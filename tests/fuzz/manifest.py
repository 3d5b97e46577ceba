"""Any bytes as a manifest: it is one that names nothing outside, or a ValueError says why not."""

from pathlib import PurePosixPath

from ablate.data.manifest import SPLITS, Manifest


def check(content: bytes) -> None:
    """Assert that what is read is whole, is written as it was read, and stays inside."""
    try:
        made = Manifest.parse(content)
    except (ValueError, RecursionError) as error:
        assert str(error)  # noqa: PT017
        return
    assert set(made.splits) <= set(SPLITS)
    assert Manifest.parse(_text(made)) == made
    for name in (*made.files, *(stem for part in made.splits.values() for stem in part)):
        path = PurePosixPath(name)
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert name.isprintable()


def _text(made: Manifest) -> bytes:
    import json

    return json.dumps(made.to_json()).encode()

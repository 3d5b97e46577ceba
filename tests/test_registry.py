import pytest

from ablate.errors import ConfigError, UnknownNameError
from ablate.registry import Registry


def test_an_unknown_name_is_answered_with_the_nearest_one() -> None:
    things: Registry[int] = Registry("thing")
    things.register("sobel")(1)
    with pytest.raises(UnknownNameError, match=r"no thing is called 'sobl'; did you mean 'sobel'"):
        things.get("sobl")


def test_a_second_registration_of_a_name_shows_both_places() -> None:
    things: Registry[object] = Registry("thing")

    def first() -> None: ...
    def second() -> None: ...

    things.register("a")(first)
    with pytest.raises(ConfigError, match="first") as caught:
        things.register("a")(second)
    assert "second" in str(caught.value)


def test_names_are_sorted_and_contained() -> None:
    things: Registry[int] = Registry("thing")
    things.register("b")(2)
    things.register("a")(1)
    assert things.names() == ("a", "b")
    assert "a" in things
    assert "c" not in things

"""What a token looks like, and what groups of a provider stand for."""

import pytest

from functions.core.identity.provider import is_token, parse_groups


def test_a_token_has_the_form_of_one_and_a_key_does_not() -> None:
    assert is_token("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl")
    assert is_token("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.")
    assert not is_token("lb_0123abcd_" + "0" * 64)
    assert not is_token("a.b")
    assert not is_token("a." * 9_000 + "a")
    assert not is_token("a.b." + "c" * 9_000)


def test_groups_stand_for_what_is_listed_and_scopes_for_themselves() -> None:
    assert parse_groups("annotators=predict,feedback  read=predict") == {
        "annotators": ("predict", "feedback"),
        "predict": ("predict",),
        "feedback": ("feedback",),
        "read": ("predict",),
        "admin": ("admin",),
    }


@pytest.mark.parametrize("text", ["annotators", "=predict", "annotators=", "annotators=fly"])
def test_a_list_of_groups_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not group=scope"):
        parse_groups(text)

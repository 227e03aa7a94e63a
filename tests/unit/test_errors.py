"""Errors know their exit codes, and are found again inside groups of tasks."""

from __future__ import annotations

from stormproof.errors import ComponentError, DescriptionError, StormproofError, on_purpose


def test_users_mistakes_and_our_failures_have_exit_codes_of_their_own() -> None:
    assert DescriptionError("x").exit_code == 254
    assert ComponentError("x").exit_code == StormproofError("x").exit_code == 255


def test_an_error_on_purpose_is_found_inside_nested_groups() -> None:
    wanted = ComponentError("x")
    assert on_purpose(ExceptionGroup("", [ValueError(), ExceptionGroup("", [wanted])])) is wanted
    assert on_purpose(ExceptionGroup("", [ValueError()])) is None
    assert on_purpose(KeyError()) is None

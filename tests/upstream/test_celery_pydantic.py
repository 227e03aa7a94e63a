"""What `@app.task(pydantic=True)` does to arguments of which there may be many, each with its smallest call.

Expected failures of Celery 5.7.0, strictly: one that passes is the news that it is mended.
"""

from __future__ import annotations

from typing import Any

import pytest
from celery import Celery
from pydantic import BaseModel, ValidationError

APP = Celery("shop", set_as_current=False)


class Order(BaseModel):
    number: int


@APP.task(shared=False, pydantic=True)
def of_many(*orders: Order) -> Any:
    return orders


@APP.task(shared=False, pydantic=True)
def of_named(**orders: Order) -> Any:
    return orders


@pytest.mark.xfail(
    strict=True,
    raises=ValidationError,
    reason="the tuple of all arguments is validated as one Order, so no call can succeed",
)
def test_a_model_may_be_annotated_for_any_number_of_arguments() -> None:
    """`*orders: Order` annotates each of them."""
    assert of_many({"number": 1}) == (Order(number=1),)


@pytest.mark.xfail(
    strict=True,
    raises=ValidationError,
    reason="the dict of all arguments is validated as one Order, so no call can succeed",
)
def test_a_model_may_be_annotated_for_arguments_of_any_name() -> None:
    """`**orders: Order` annotates each of them."""
    assert of_named(first={"number": 1}) == {"first": Order(number=1)}

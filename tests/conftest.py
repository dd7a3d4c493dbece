"""What holds for every test: this folder is on the path, and a test finds of `needs.py` what it asks for."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable

import needs
import pytest


def asked_by(item: pytest.Item) -> set[str]:
    """What a test says that it needs."""
    return {name for mark in item.iter_markers("needs") for name in mark.args}


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """A need that there is not is a slip of whoever wrote it."""
    for item in items:
        if unknown := asked_by(item) - set(needs.NEEDS):
            raise pytest.UsageError(
                f"{item.nodeid} needs {', '.join(sorted(unknown))}, which tests/needs.py lacks"
            )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Show a test what it asks for, and hide the rest."""
    before = dict(os.environ)
    os.environ.update(needs.variables(asked_by(item)))
    try:
        return (yield)
    finally:
        for name in (needs.BROWSERS, needs.PEERS, "PATH"):
            if name in before:
                os.environ[name] = before[name]
            else:
                os.environ.pop(name, None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose needs are not here, and say why."""
    for name in sorted(asked_by(item)):
        if why_not := needs.missing(name):
            pytest.skip(why_not)

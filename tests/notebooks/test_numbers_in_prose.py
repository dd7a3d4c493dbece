"""Every number in the prose of the course that carries a proof, against the value its notebook computes now."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_lib.build import command, products, source

ROOT = Path(__file__).resolve().parents[2]


def with_proofs() -> list[str]:
    """The sources, relative to the course, whose prose carries proofs; one that cannot be read counts as one."""
    found = []
    for kind in source.FOLDERS:
        for path in source.source_paths(ROOT, kind):
            if "<!--=" in (text := path.read_text(encoding="utf-8")) or "<!--<" in text:
                found.append(path.relative_to(ROOT).as_posix())
    return found


@pytest.mark.parametrize("path", with_proofs())
def test_the_numbers_of_the_prose_are_those_of_the_code(path: str) -> None:
    read = source.read(ROOT / path, ROOT)
    assert command.proven_numbers(read)
    product = next(product for product in products.products(read) if product.executed)
    command.finished(product, ROOT)


def test_there_are_such_numbers() -> None:
    assert any(path.startswith("source/lessons/") for path in with_proofs())

"""A course of one lesson and one exercise, small enough to be built in seconds, to break on purpose."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from course_lib.build import command, products, rules, source

LESSON = """
# %% [markdown]
# # Tiny
#
# After 50<!--plain--> layers it is 9,100<!--= growth --> times as large, more than 9,000<!--< growth -->.

# %%
# %matplotlib inline
import numpy as np

growth = 1.2**50
print("one")

# %% id="spike"
print("grows by", round(growth))
np.float32(1e38) * np.float32(10)

# %% tags=["nbval-ignore-output"]
import os
import time

print(os.getcwd(), object(), time.time())

# %%
import anywidget


class Dot(anywidget.AnyWidget):
    _esm = "export default {render({el}) { el.textContent = 'dot' }}"

    def _repr_mimebundle_(self, **kwargs):
        bundle, metadata = super()._repr_mimebundle_(**kwargs)
        return {**bundle, "text/plain": "Dot()", "text/html": "<p>a dot</p>"}, metadata


Dot()
"""
EXERCISE = """
# %% [markdown]
# {questions}, {total}.
#
# ## 1. A half ({points}, 2 minutes)
#
# Halve it; half of 3<!--plain--> is 1.5<!--= half(3) -->.

# %%
def check(question):
    print("asked", question)

# %% answer="half"
def half(x):
    ### BEGIN SOLUTION
    return x / 2
    ### END SOLUTION

# %% check="half"
check("half")
"""


def write_source(root: Path, kind: source.Kind, body: str, name: str = "01_tiny") -> Path:
    """Write a source file of the tiny course."""
    path = root / source.FOLDERS[kind] / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(source.header(kind, name)) + "\n" + body, encoding="utf-8")
    return path


def tiny(patch: pytest.MonkeyPatch) -> None:
    """The tiny exercise's points, and a curriculum that asks nothing of the tiny course."""
    patch.setattr(products, "points_of", lambda name: {"half": 10})
    patch.setattr(rules, "broken", lambda read: [])
    patch.setattr(rules, "broken_by_course", lambda root: [])


@pytest.fixture(autouse=True)
def tiny_course(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """What holds for the tiny course; the real rules are asked where a test works on the real course."""
    if {"built_course", "course"} & set(request.fixturenames):
        tiny(monkeypatch)


@pytest.fixture(scope="session")
def built_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny course, built once; a test that changes something takes `course`, its own copy."""
    root = tmp_path_factory.mktemp("course")
    write_source(root, "lesson", LESSON)
    write_source(root, "exercise", EXERCISE)
    with pytest.MonkeyPatch.context() as patch:
        tiny(patch)
        assert command.build(root) == []
    return root


@pytest.fixture
def course(built_course: Path, tmp_path: Path) -> Path:
    """A copy of the built tiny course, to be changed."""
    return Path(shutil.copytree(built_course, tmp_path / "course"))

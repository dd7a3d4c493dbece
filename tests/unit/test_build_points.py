"""What an exercise says of its points is filled in by the build, and every question has its own heading."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_lib.build import source
from course_lib.build.points import told
from course_lib.build.source import Source, SourceError

BEGINNING = "# %% [markdown]\n# {questions}, {total}, an hour.\n"
POINTS = {"halve": 1, "double": 3}


def question(name: str, heading: str) -> str:
    return (
        f"# %% [markdown]\n# {heading}\n\n"
        f'# %% answer="{name}"\n### BEGIN SOLUTION\n{name} = 1\n### END SOLUTION\n\n'
        f'# %% check="{name}"\ncheck("{name}")\n\n'
    )


def read(root: Path, body: str) -> Source:
    path = root / "source" / "exercises" / "01_tiny.py"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(source.header("exercise", "01_tiny")) + "\n\n" + body, encoding="utf-8")
    return source.read(path, root)


def test_the_points_are_written_into_the_headings_and_the_beginning(tmp_path: Path) -> None:
    body = (
        BEGINNING
        + question("halve", "## 1. Halve it ({points}, 5 minutes)")
        + question("double", "## 2. Double it ({points}, 8 minutes)")
    )
    texts = [cell.text for cell in told(read(tmp_path, body), POINTS).cells if cell.kind == "markdown"]
    assert texts == [
        "Two questions, 4 points, an hour.",
        "## 1. Halve it (1 point, 5 minutes)",
        "## 2. Double it (3 points, 8 minutes)",
    ]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (question("halve", "## 1. Halve it ({points}, 5 minutes)"), r"does not say \{questions\}"),
        (
            BEGINNING + question("halve", "## 1. Halve it (1 point, 5 minutes)"),
            "1 point, 5 minutes|has no proof",
        ),
        (
            BEGINNING + question("halve", "## Halve it ({points}, 5 minutes)"),
            'question "halve" has no heading',
        ),
        (
            BEGINNING + question("halve", "## 2. Halve it ({points}, 5 minutes)"),
            "not the heading of question 1",
        ),
        (
            BEGINNING
            + question("halve", "## 1. Halve it ({points}, 5 minutes)")
            + question("double", "And now double it."),
            'question "double" has no heading',
        ),
        (
            BEGINNING
            + question("halve", "## 1. Halve it ({points}, 5 minutes)")
            + "# %% [markdown]\n# ## 2. Nothing to do ({points}, 5 minutes)\n",
            "not the heading of question 2",
        ),
    ],
)
def test_an_exercise_that_states_its_points_otherwise_is_refused(
    tmp_path: Path, body: str, sentence: str
) -> None:
    with pytest.raises(SourceError, match=sentence):
        told(read(tmp_path, body), {"halve": 1})

"""Reading percent scripts: what a cell carries, and one sentence with file and line for all that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_lib.build import source
from course_lib.build.source import Kind, Source, SourceError

ANSWER = '# %% answer="f"\ndef f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n'
CHECK = '# %% check="f"\ncheck("f")\n'


def write(root: Path, body: str, kind: Kind = "lesson", name: str = "01_tiny") -> Path:
    folder = root / source.FOLDERS[kind]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.py"
    path.write_text("\n".join(source.header(kind, name)) + "\n\n" + body)
    return path


def read(root: Path, body: str, kind: Kind = "lesson") -> Source:
    return source.read(write(root, body, kind), root)


def test_cells_carry_kind_text_line_and_metadata(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        '# %% [markdown]\n# # Title\n\n# %% id="spike" tags=["nbval-ignore-output"]\n# %matplotlib inline\nx = 1\n',
    )
    assert (found.path, found.kind, found.name) == ("source/lessons/01_tiny.py", "lesson", "01_tiny")
    prose, code = found.cells
    assert (prose.kind, prose.text, prose.line) == ("markdown", "# Title", 8)
    assert (code.kind, code.text, code.line) == ("code", "%matplotlib inline\nx = 1", 11)
    assert (code.id, code.tags) == ("spike", ("nbval-ignore-output",))


def test_an_exercise_names_its_answers_and_checks(tmp_path: Path) -> None:
    answer, check = read(tmp_path, ANSWER + CHECK, "exercise").cells
    assert (answer.answer, answer.check) == ("f", None)
    assert (check.answer, check.check) == (None, "f")


def test_empty_cells_are_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, "# %%\nx = 1\n\n# %%\n\n# %% [markdown]\n\n# %%\ny = 2\n")
    assert [cell.text for cell in found.cells] == ["x = 1", "y = 2"]


LESSON_FAULTS = [
    ('# %% id="a"\n1\n\n# %% id="a"\n2\n', 11, 'the id "a" is also that of the cell in line 8'),
    ("# %% colour=3\n1\n", 8, "unknown cell metadata `colour`"),
    ("# %% A title\n1\n", 8, "unknown cell metadata `title`"),
    ('# %% id="a b"\n1\n', 8, "letters, digits"),
    ('# %% tags=["nbval-ignore-ouput"]\n1\n', 8, "the tags are"),
    ("# %% [raw]\n# x\n", 8, "a raw cell"),
    (ANSWER + CHECK, 8, "this is a lesson"),
    ("# %%\n### BEGIN SOLUTION\n", 9, "is never closed"),
    ("# %%\n### BEGIN SOLUTION\n### END SOLUTION\n", 9, "in a cell without answer="),
    ("x = 1\n# %%\n", 7, "before the first cell"),
    ("# %% [markdown]\n# It\n# grows 1.2 times.\n", 10, "the number 1.2 has no proof"),
    ("# %% [markdown]\n# It grows<!--= x -->.\n", 9, "no number stands before <!--= x -->"),
]


@pytest.mark.parametrize(("body", "line", "sentence"), LESSON_FAULTS)
def test_a_faulty_lesson_is_refused_with_its_line(
    tmp_path: Path, body: str, line: int, sentence: str
) -> None:
    with pytest.raises(SourceError, match=sentence) as caught:
        read(tmp_path, body)
    assert str(caught.value).startswith(f"source/lessons/01_tiny.py:{line}: ")
    assert "\n" not in str(caught.value)


EXERCISE_FAULTS = [
    (ANSWER, 8, 'the answer "f" has no check cell'),
    (CHECK, 8, 'the check "f" has no answer cell'),
    (CHECK + "\n" + ANSWER, 8, "stands before its answer"),
    (ANSWER + CHECK + "\n" + ANSWER, 16, 'the id "f-answer" is also'),
    (ANSWER + '# %% check="f"\ncheck("f")\nprint(1)\n', 13, 'holds check\\("f"\\) and nothing else'),
    (ANSWER + '# %% check="f"\ncheck("g")\n', 13, 'holds check\\("f"\\) and nothing else'),
    ('# %% answer="f"\ndef f():\n    return 1\n' + CHECK, 8, "has no ### BEGIN SOLUTION"),
    ('# %% answer="f" check="f"\ncheck("f")\n', 8, "an answer or a check, not both"),
    ('# %% [markdown] answer="f"\n# text\n', 8, "belongs to a code cell"),
    (ANSWER.replace("def f():", "def f()") + CHECK, 8, "is not Python"),
]


@pytest.mark.parametrize(("body", "line", "sentence"), EXERCISE_FAULTS)
def test_a_faulty_exercise_is_refused_with_its_line(
    tmp_path: Path, body: str, line: int, sentence: str
) -> None:
    with pytest.raises(SourceError, match=sentence) as caught:
        read(tmp_path, body, "exercise")
    assert str(caught.value).startswith(f"source/exercises/01_tiny.py:{line}: ")


def test_an_exercise_proves_its_numbers_as_a_lesson_does(tmp_path: Path) -> None:
    assert read(tmp_path, "# %% [markdown]\n# Clip at 1.5<!--plain-->.\n", "exercise").cells
    with pytest.raises(SourceError, match=r"the number 1\.5 has no proof"):
        read(tmp_path, "# %% [markdown]\n# Clip at 1.5.\n", "exercise")
    with pytest.raises(SourceError, match="no number stands before"):
        read(tmp_path, "# %% [markdown]\n# Clip<!--= x -->.\n", "exercise")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("kind: lesson", "kind: exercise"), 4),
        (("01_tiny", "02_other"), 5),
        (("# ---\n\n", "#   kernelspec:\n#     name: python3\n# ---\n\n"), 6),
    ],
)
def test_the_header_is_exactly_that_of_the_file(tmp_path: Path, change: tuple[str, str], line: int) -> None:
    path = write(tmp_path, "# %%\n1\n")
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(SourceError, match=f"^source/lessons/01_tiny.py:{line}: the header") as caught:
        source.read(path, tmp_path)
    assert "kind: lesson" in str(caught.value)


def test_an_empty_file_a_badly_named_one_and_one_in_another_encoding(tmp_path: Path) -> None:
    path = write(tmp_path, "# %%\n1\n")
    path.write_text("")
    with pytest.raises(SourceError, match="header"):
        source.read(path, tmp_path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SourceError, match="not UTF-8"):
        source.read(path, tmp_path)
    with pytest.raises(SourceError, match="name the file like"):
        source.read(write(tmp_path, "# %%\n1\n", name="Tiny lesson"), tmp_path)


def test_a_marker_inside_a_string_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="inside a string"):
        read(tmp_path, '# %%\nx = """\n# %%\n"""\n')

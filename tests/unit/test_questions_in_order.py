"""One question, one place: both halves and a test of the same name, an order in each face, a wall between halves."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from course_lib.checks import exercises, refusing

ROOT = Path(__file__).resolve().parents[2]
HALVES = {"probes": ("ASKED", "Asked"), "judges": ("JUDGED", "Judged")}
EXERCISE = "03_clipping_mechanics"


def faults(root: Path, names: tuple[str, ...] = exercises.EXERCISES) -> Iterator[str]:
    """What is out of order in the packages of `names` below `root`, a sentence each; read, never imported."""
    checks, asked_in = root / "course_lib" / "checks", Counter[str]()
    for exercise in names:
        orders = {half: list(face(checks / half / f"e{exercise}", half)) for half in HALVES}
        for half, order in orders.items():
            yield from (fault for _, fault in order if fault)
            package = checks / half / f"e{exercise}"
            faces = [name for name, _ in order]
            for file in sorted(package.glob("*.py")):
                if file.stem in faces:
                    if (called := called_in(file, HALVES[half][1])) != file.stem:
                        yield f"{half}/e{exercise}/{file.name} holds the question {called!r}; name both alike."
                elif file.name != "__init__.py" and HALVES[half][0] in assigned_in(file):
                    yield f"{half}/e{exercise}/{file.name} holds a question that its __init__.py does not name."
        asks, judges = ([name for name, _ in orders[half]] for half in HALVES)
        if asks != judges:
            yield f"Exercise {exercise} asks {', '.join(asks)}, but judges {', '.join(judges)}."
        asked_in.update(asks)
        for name in asks:
            if not (root / "tests" / "exercises" / f"e{exercise}" / f"test_{name}.py").is_file():
                yield f"tests/exercises/e{exercise}/test_{name}.py is missing."
    yield from (f"{count} questions are called {name}." for name, count in asked_in.items() if count > 1)
    for file in sorted((checks / "probes").rglob("*.py")):
        for place in imported_in(file):
            if place.startswith(refusing.ALWAYS_REFUSED):
                yield f"{file.relative_to(checks)} imports {place}; what is asked never sees how it is judged."
    for half in HALVES:
        for file in sorted((checks / half).glob("e*.py")):
            yield f"{half}/{file.name} is one file; give the exercise a folder with one file a question."


def face(package: Path, half: str) -> Iterator[tuple[str, str]]:
    """The modules that a package names as its questions, each with a fault or without."""
    constant = HALVES[half][0]
    where = f"{half}/{package.name}/__init__.py"
    tree = ast.parse((package / "__init__.py").read_text()) if (package / "__init__.py").is_file() else None
    values = [] if tree is None else [n.value for n in tree.body if isinstance(n, ast.AnnAssign)]
    entries = next((value.elts for value in values if isinstance(value, ast.Tuple)), [])
    if not entries:
        yield "", f"{where} does not name its questions; set {constant} there to all of them, in their order."
    for entry in entries:
        is_question = isinstance(entry, ast.Attribute) and entry.attr == constant
        name = entry.value.id if is_question and isinstance(entry.value, ast.Name) else ast.unparse(entry)
        missing = not (package / f"{name}.py").is_file()
        yield name, f"{where} names {name}, and there is no {name}.py." if missing else ""


def called_in(file: Path, maker: str) -> str:
    """The name of the question that is made at the top of a file."""
    calls = [n for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.Call)]
    made = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == maker]
    words = [word.value for call in made for word in call.keywords if word.arg == "name"]
    return ", ".join(str(ast.literal_eval(word)) for word in words)


def assigned_in(file: Path) -> set[str]:
    """Every name that a file binds at its top."""
    statements = [n for n in ast.parse(file.read_text()).body if isinstance(n, ast.Assign)]
    return {target.id for n in statements for target in n.targets if isinstance(target, ast.Name)}


def imported_in(file: Path) -> Iterator[str]:
    """Every place that a file imports from, at its top or inside a function, and every place that it spells out."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_question_has_one_place():
    assert list(faults(ROOT)) == []


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A course of one exercise with two questions, all in order."""
    for half, (constant, maker) in HALVES.items():
        package = tmp_path / "course_lib" / "checks" / half / f"e{EXERCISE}"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"{constant}: tuple = (one.{constant}, two.{constant})\n")
        for name in ("one", "two"):
            (package / f"{name}.py").write_text(f'{constant} = {maker}(name="{name}")\n')
    tests = tmp_path / "tests" / "exercises" / f"e{EXERCISE}"
    tests.mkdir(parents=True)
    for name in ("one", "two"):
        (tests / f"test_{name}.py").touch()
    return tmp_path


def mended(house: Path) -> list[str]:
    return list(faults(house, (EXERCISE,)))


def test_a_house_in_order_has_no_faults(house: Path):
    assert mended(house) == []


@pytest.mark.parametrize("half", HALVES)
def test_a_package_without_a_face_is_named(house: Path, half: str):
    (house / "course_lib" / "checks" / half / f"e{EXERCISE}" / "__init__.py").unlink()
    constant = HALVES[half][0]
    said = f"{half}/e{EXERCISE}/__init__.py does not name its questions; set {constant} there"
    assert any(fault.startswith(said) for fault in mended(house))


def test_halves_that_do_not_match_are_named(house: Path):
    face = house / "course_lib" / "checks" / "judges" / f"e{EXERCISE}" / "__init__.py"
    face.write_text("JUDGED: tuple = (two.JUDGED, one.JUDGED)\n")
    assert mended(house) == [f"Exercise {EXERCISE} asks one, two, but judges two, one."]


def test_a_question_that_no_face_names_is_named(house: Path):
    package = house / "course_lib" / "checks" / "probes" / f"e{EXERCISE}"
    (package / "three.py").write_text('ASKED = Asked(name="three")\n')
    assert mended(house) == [
        f"probes/e{EXERCISE}/three.py holds a question that its __init__.py does not name."
    ]


def test_a_question_with_two_names_is_named(house: Path):
    file = house / "course_lib" / "checks" / "judges" / f"e{EXERCISE}" / "two.py"
    file.write_text('JUDGED = Judged(name="one")\n')
    assert mended(house) == [f"judges/e{EXERCISE}/two.py holds the question 'one'; name both alike."]


def test_a_name_that_two_questions_share_is_named(house: Path):
    for half, (constant, _) in HALVES.items():
        face = house / "course_lib" / "checks" / half / f"e{EXERCISE}" / "__init__.py"
        face.write_text(f"{constant}: tuple = (one.{constant}, two.{constant}, one.{constant})\n")
    assert mended(house) == ["2 questions are called one."]


@pytest.mark.parametrize(
    "line",
    [
        f"from course_lib.checks.judges.e{EXERCISE} import one",
        "import course_lib.checks.judging",
        "from course_lib.checks import exercises",
        f'def draw(rng):\n    return import_module("course_lib.checks.judges.e{EXERCISE}.one")',
        f"def draw(rng):\n    from course_lib.checks.judges.e{EXERCISE}.one import JUDGED",
    ],
    ids=["top", "judging", "exercises", "spelled out", "in a function"],
)
def test_a_probe_that_imports_a_judge_is_named(house: Path, line: str):
    with (house / "course_lib" / "checks" / "probes" / f"e{EXERCISE}" / "one.py").open("a") as file:
        file.write(line + "\n")
    [fault] = mended(house)
    assert fault.startswith(f"probes/e{EXERCISE}/one.py imports course_lib.checks.")


def test_a_question_without_a_test_of_its_own_is_named(house: Path):
    (house / "tests" / "exercises" / f"e{EXERCISE}" / "test_two.py").unlink()
    assert mended(house) == [f"tests/exercises/e{EXERCISE}/test_two.py is missing."]


def test_an_exercise_in_one_file_is_named(house: Path):
    (house / "course_lib" / "checks" / "judges" / "e99_late.py").touch()
    assert mended(house) == [
        "judges/e99_late.py is one file; give the exercise a folder with one file a question."
    ]


def test_loading_an_exercise_that_is_out_of_order_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch):
    judged = exercises.load(EXERCISE).questions
    swapped = ModuleType("swapped")
    swapped.JUDGED = tuple(question.judged for question in judged[::-1])
    monkeypatch.setitem(sys.modules, f"course_lib.checks.judges.e{EXERCISE}", swapped)
    with pytest.raises(
        exercises.OutOfOrder, match=rf"^Exercise {EXERCISE} asks breaking_gradients, .+, but judges "
    ):
        exercises.load(EXERCISE)
    monkeypatch.setitem(sys.modules, f"course_lib.checks.probes.e{EXERCISE}", ModuleType("empty"))
    with pytest.raises(exercises.OutOfOrder, match=r"__init__\.py does not name its questions; set ASKED"):
        exercises.load_asked(EXERCISE)

"""Gradebooks: the points of a graded folder reach the right rows, and nobody's grade is guessed."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from course_lib.cli import main
from course_lib.errors import CourseError
from course_lib.grading.export.gradebooks import export

HEAD = "learner,exercise,points,out_of,status,late,reason\n"
GRADES = HEAD + (
    "doejane_101,01_explosion,9,10,graded,,\n"
    "doejane_101,03_clipping_mechanics,10,10,graded,yes,\n"
    "bob@uni.example,03_clipping_mechanics,4,10,stopped,,took too long\n"
    "torn,03_clipping_mechanics,0,10,unreadable,,is empty\n"
)
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,03_clipping_mechanics (77),Final Score\n"
    "    Points Possible,,,,,10,(read only)\n"
    '"Doe, Jane",101,s1,jdoe,Mon,,50\n'
    '"Roe, Bob",102,s2,bob@uni.example,Mon,3,50\n'
    '"Idle, Ida",103,s3,ida,Tue,8,50\n'
)
MOODLE = (
    "\ufeffIdentifier;Full name;Email address;Status;Grade\n"
    "Participant 101;Jane Doe;jane@uni.example;Submitted;-\n"
    "Participant 102;Bob Roe;bob@uni.example;Submitted;-\n"
)


def table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "grades.csv").write_text(GRADES, encoding="utf-8")
    return tmp_path


def rewrite(folder: Path, *lines: str) -> None:
    (folder / "grades.csv").write_text(HEAD + "".join(f"{line}\n" for line in lines), encoding="utf-8")


def roster(folder: Path, text: str) -> Path:
    path = folder / "roster.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_canvas_with_its_own_roster(folder):
    told = export("canvas", folder, roster(folder, CANVAS), folder / "out.csv")
    assert told == ["torn, 03_clipping_mechanics: not graded, so not in the gradebook."]
    late = "Final Grade note: 03_clipping_mechanics late"
    who = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert table(folder / "out.csv") == [
        [*who, "01_explosion", "03_clipping_mechanics (77)", late],
        ["    Points Possible", "", "", "", "", "10", "10", "(read only)"],
        ["Roe, Bob", "102", "s2", "bob@uni.example", "Mon", "", "4", ""],
        ["Doe, Jane", "101", "s1", "jdoe", "Mon", "9", "10", "yes"],
    ]


def test_a_grade_that_canvas_holds_stays_where_there_is_no_new_one(folder):
    rewrite(folder, "jdoe,01_explosion,9,10,graded,,", "ida,03_clipping_mechanics,1,10,graded,,")
    text = CANVAS.replace("jdoe,Mon,,", "jdoe,Mon,7,")
    assert export("canvas", folder, roster(folder, text), folder / "out.csv") == []
    rows = {row[0]: row for row in table(folder / "out.csv")}
    assert rows["Doe, Jane"][5:] == ["9", "7"]
    assert rows["Idle, Ida"][5:] == ["", "1"]
    assert "Roe, Bob" not in rows


def test_canvas_without_a_roster_goes_by_the_folder(folder):
    export("canvas", folder, None, folder / "out.csv")
    rows = table(folder / "out.csv")[2:]
    assert [row[:4] for row in rows] == [
        ["bob@uni.example", "", "", "bob@uni.example"],
        ["doejane_101", "101", "", "doejane_101"],
    ]


def test_moodle_with_and_without_a_roster(folder):
    export("moodle", folder, roster(folder, MOODLE), folder / "out.csv")
    late = "03_clipping_mechanics late"
    assert table(folder / "out.csv") == [
        ["Identifier", "Full name", "Email address", "01_explosion", "03_clipping_mechanics", late],
        ["Participant 102", "Bob Roe", "bob@uni.example", "", "4", ""],
        ["Participant 101", "Jane Doe", "jane@uni.example", "9", "10", "yes"],
    ]
    export("moodle", folder, None, folder / "out.csv")
    assert table(folder / "out.csv")[2] == ["doejane_101", "9", "10", "yes"]


def test_an_attempt_is_kept(folder):
    text = "learner,exercise,points,out_of,status,late,attempt\nann,01_explosion,1,10,graded,,3\n"
    (folder / "grades.csv").write_text(text, encoding="utf-8")
    export("moodle", folder, None, folder / "out.csv")
    assert table(folder / "out.csv") == [
        ["Learner", "01_explosion", "01_explosion attempt"],
        ["ann", "1", "3"],
    ]


@pytest.mark.parametrize(
    "learner", ["s1", "JDOE", "101", "x_101", "Jane Doe", "jane-doe", "doejane", "Doe, Jane", "doejane_999"]
)
def test_ways_to_be_recognised(folder, learner):
    rewrite(folder, f'"{learner}",01_explosion,5,10,graded,,')
    assert export("canvas", folder, roster(folder, CANVAS), folder / "out.csv") == []
    assert table(folder / "out.csv")[2][:2] == ["Doe, Jane", "101"]


def test_a_mailbox_is_recognised(folder):
    rewrite(folder, "jane,01_explosion,5,10,graded,,")
    assert export("moodle", folder, roster(folder, MOODLE), folder / "out.csv") == []


def test_nobody_gets_a_grade_by_guess(folder):
    lines = [f"{who},01_explosion,5,10,graded,," for who in ("stranger", "Sam Lee", "idleida", "ida")]
    rewrite(folder, *lines)
    doubled = CANVAS + '"Lee, Sam",104,s4,sam1,Tue,,\n"Lee, Sam",105,s5,sam2,Tue,,\n'
    told = export("canvas", folder, roster(folder, doubled), folder / "out.csv")
    assert len(table(folder / "out.csv")) == 2
    assert [line.partition(":")[0] for line in told] == ["Sam Lee", "stranger", "ida", "idleida"]
    assert "2 rows" in told[0] and "no row" in told[1] and "another fits too" in told[2]


def test_other_points_possible_are_told(folder):
    text = CANVAS.replace(",,,,,10,", ",,,,,100,")
    told = export("canvas", folder, roster(folder, text), folder / "out.csv")
    assert told[-1].startswith("03_clipping_mechanics: 10 points here, 100 in ")


def test_formulas_are_defused_and_still_recognised(folder):
    rewrite(folder, "'=cmd(),01_explosion,5,10,graded,,")
    people = 'Username,Full name\n=cmd(),"@SUM(1)"\n'
    assert export("moodle", folder, roster(folder, people), folder / "out.csv") == []
    assert table(folder / "out.csv")[1][:2] == ["'=cmd()", "'@SUM(1)"]


@pytest.mark.parametrize(
    ("grades", "names", "sentence"),
    [
        (None, None, "holds no grades.csv"),
        ("", None, "is empty"),
        ("a,b\n1,2\n", None, "has no column exercise, learner"),
        (HEAD, None, "holds no grades"),
        (HEAD + "a,e,many,10,graded,,\n", None, "'many' where points should be"),
        (HEAD + "a,e,1,10,graded,,\na,e,2,10,graded,,\n", None, "twice"),
        (GRADES, "", "is empty"),
        (GRADES, "colour\nred\n", "who is who"),
        (GRADES, "Student,ID\n", "holds nobody"),
        (GRADES, b"\xff\xfe\x00", "not a CSV file in UTF-8"),
    ],
)
def test_bad_input_gets_one_sentence(tmp_path, grades, names, sentence):
    if grades is not None:
        (tmp_path / "grades.csv").write_text(grades, encoding="utf-8")
    people = tmp_path / "roster.csv" if names is not None else None
    if people and names is not None:
        people.write_bytes(names if isinstance(names, bytes) else names.encode())
    with pytest.raises(CourseError, match=sentence) as caught:
        export("canvas", tmp_path, people, tmp_path / "out.csv")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


def test_the_command_names_what_needs_a_person(folder, capsys):
    arguments = ["export", "canvas", str(folder), "--out", str(folder / "out.csv")]
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.err == "torn, 03_clipping_mechanics: not graded, so not in the gradebook.\n"
    assert "out.csv" in said.out
    assert main([*arguments, "--roster", str(folder / "nobody.csv")]) == 1
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "sentence"), [(".", "is a folder; name the file"), ("none/out.csv", "is no folder; make it")]
)
def test_where_no_file_can_be_written(folder, capsys, out, sentence):
    assert main(["export", "moodle", str(folder), "--out", str(folder / out)]) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1

"""Gradebooks: the points of a graded folder reach the right rows, and nobody's grade is guessed."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from course_lib.cli import main
from course_lib.errors import CourseError
from course_lib.grading import confine
from course_lib.grading.export import gradebooks
from course_lib.grading.export.gradebooks import Wishes
from course_lib.grading.ledger import Ledger

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


def export(system, folder: Path, roster: Path | None, out: Path, **wishes: object) -> list[str]:
    """What a person is told of one export."""
    return gradebooks.export(system, folder, roster, out, Wishes(**wishes)).problems


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
    assert told == [
        "torn, 03_clipping_mechanics: not graded, so not in the gradebook.",
        f"bob@uni.example, 03_clipping_mechanics: {folder / 'roster.csv'} holds 3, which stays; here it is 4. "
        "--overwrite replaces what was entered there.",
    ]
    late = "Final Grade note: 03_clipping_mechanics late"
    who = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert table(folder / "out.csv") == [
        [*who, "01_explosion", "03_clipping_mechanics (77)", late],
        ["    Points Possible", "", "", "", "", "10", "10", "(read only)"],
        ["Roe, Bob", "102", "s2", "bob@uni.example", "Mon", "", "3", ""],
        ["Doe, Jane", "101", "s1", "jdoe", "Mon", "9", "10", "yes"],
    ]


def test_a_grade_that_canvas_holds_stays_where_there_is_no_new_one(folder):
    rewrite(folder, "jdoe,01_explosion,9,10,graded,,", "ida,03_clipping_mechanics,1,10,graded,,")
    text = CANVAS.replace("jdoe,Mon,,", "jdoe,Mon,7,")
    assert export("canvas", folder, roster(folder, text), folder / "out.csv", overwrite=True) == []
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


# rosters as other programs write them ----------------------------------------------------------------------

ONE = "Doe_101,03_clipping_mechanics,9,10,graded,,"
WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum grade,Last modified (grade),Feedback comments\n"
    'Participant 101,Jane Doe,jane@uni.example,Submitted,-,"10,00","Monday, 1 June 2026, 10:00 AM",\n'
    "Participant 102,Bob Roe,bob@uni.example,Submitted,7.00,10.00,-,Well begun\n"
)


@pytest.mark.parametrize(
    ("encoding", "change"),
    [
        ("utf-8-sig", str),
        ("utf-16", str),
        ("utf-16", lambda text: text.replace(",", "\t")),
        ("utf-8", lambda text: "sep=;\r\n" + text.replace(",", ";")),
        ("utf-8-sig", lambda text: "sep=,\r\n" + text),
        ("utf-8", lambda text: text.replace("\n", "\r\n")),
        ("utf-8", lambda text: text + text.partition("\n")[2]),
        ("utf-8", lambda text: text.replace("Name,", "Name,Colour,Colour,", 1).replace("Doe,", "Doe,a,b,")),
    ],
)
def test_lists_as_excel_and_others_write_them(folder, encoding, change):
    rewrite(folder, ONE)
    path = folder / "roster.csv"
    path.write_bytes(change("Name,Username\nJane Doe,doe_101\nBob Roe,roe\n").encode(encoding))
    assert export("moodle", folder, path, folder / "out.csv") == []
    assert table(folder / "out.csv")[1] == ["Jane Doe", "doe_101", "9"]


@pytest.mark.parametrize(
    "heads",
    [
        "ID.,Vollständiger Name,E-Mail-Adresse",
        "Identifiant,Nom complet,Adresse de courriel",
        "Ο κωδικός,Πλήρες όνομα,Ηλεκτρονικό ταχυδρομείο",
        "識別子,氏名,メールアドレス",
    ],
)
@pytest.mark.parametrize("learner", ["Jane Doe_101", "jane@uni.example", "Jane Doe"])
def test_headings_in_other_languages(folder, heads, learner):
    rewrite(folder, ONE.replace("Doe_101", learner))
    text = (
        f"{heads}\nTeilnehmer/in 101,Jane Doe,jane@uni.example\nTeilnehmer/in 102,Bob Roe,bob@uni.example\n"
    )
    assert export("moodle", folder, roster(folder, text), folder / "out.csv") == []
    assert table(folder / "out.csv")[1] == ["Teilnehmer/in 101", "Jane Doe", "jane@uni.example", "9"]


@pytest.mark.parametrize("learner", ["x_101", "jdoe", "Jane Doe", "doejane"])
def test_canvas_with_names_in_two_columns(folder, learner):
    rewrite(folder, ONE.replace("Doe_101", learner))
    text = CANVAS.replace("Student,", "LastName,FirstName,").replace("Possible,", "Possible,,")
    text = (
        text.replace('"Doe, Jane"', "Doe,Jane")
        .replace('"Roe, Bob"', "Roe,Bob")
        .replace('"Idle, Ida"', "Idle,Ida")
    )
    assert export("canvas", folder, roster(folder, text), folder / "out.csv") == []
    assert table(folder / "out.csv")[2][:3] == ["Doe", "Jane", "101"]


@pytest.mark.parametrize(
    ("system", "text", "sentence"),
    [
        ("canvas", MOODLE, "is no gradebook of Canvas: it has Identifier, Full name"),
        ("moodle", CANVAS, "is a gradebook of Canvas"),
        (
            "canvas",
            CANVAS.replace("10", "90").replace("Doe", "Poe").replace("jdoe", "x"),
            "Only 0 of 1 learners",
        ),
    ],
)
def test_a_roster_of_others_is_refused(folder, system, text, sentence):
    rewrite(folder, ONE)
    with pytest.raises(CourseError, match=sentence):
        export(system, folder, roster(folder, text), folder / "out.csv")
    assert not (folder / "out.csv").exists()


def test_the_grading_worksheet_goes_back_as_it_came(folder):
    rewrite(folder, ONE.replace(",graded,,", ",graded,yes,"), "Roe_102,03_clipping_mechanics,4,10,graded,,")
    told = export("moodle", folder, roster(folder, WORKSHEET), folder / "out.csv")
    assert [line.partition(": ")[0] for line in told] == ["Roe_102, 03_clipping_mechanics"]
    head, doe, roe = table(folder / "out.csv")
    assert ",".join(head) == WORKSHEET.partition("\n")[0]
    assert doe[4:] == ["9", "10,00", "Monday, 1 June 2026, 10:00 AM", "handed in late"]
    assert roe[4:] == ["7.00", "10.00", "-", "Well begun"]
    assert export("moodle", folder, roster(folder, WORKSHEET), folder / "out.csv", overwrite=True) == []
    assert table(folder / "out.csv")[2][4:] == ["4", "10.00", "-", "Well begun"]


def test_other_maximum_points_in_a_worksheet_are_told(folder):
    rewrite(folder, ONE)
    text = WORKSHEET.replace('"10,00"', '"100,00"')
    (told,) = export("moodle", folder, roster(folder, text), folder / "out.csv")
    assert "10 points here, 100 in" in told


def test_without_a_roster_one_exercise_of_moodle_is_a_worksheet(folder):
    rewrite(folder, "Jane Doe_101,03_clipping_mechanics,9,10,graded,,2")
    rewritten = (folder / "grades.csv").read_text().replace("late,reason", "late,attempt")
    (folder / "grades.csv").write_text(rewritten)
    export("moodle", folder, None, folder / "out.csv")
    assert table(folder / "out.csv") == [
        ["Identifier", "Full name", "Grade", "Last modified (grade)", "Feedback comments"],
        ["Participant 101", "Jane Doe", "9", "-", "attempt 2"],
    ]


def test_a_column_of_another_name_is_mapped(folder):
    rewrite(folder, ONE)
    text = CANVAS.replace("03_clipping_mechanics (77)", "Homework 4 (5512)")
    for heading in ("Homework 4 (5512)", "homework 4"):
        mapped = {"03_clipping_mechanics": heading}
        assert export("canvas", folder, roster(folder, text), folder / "out.csv", columns=mapped) == []
        assert table(folder / "out.csv")[0][5:] == ["Homework 4 (5512)"]
        assert table(folder / "out.csv")[2][5:] == ["9"]
    with pytest.raises(CourseError, match=r"no column 'Homework 5'.*it has Section, Homework 4 \(5512\)"):
        export(
            "canvas",
            folder,
            roster(folder, text),
            folder / "o.csv",
            columns={"03_clipping_mechanics": "Homework 5"},
        )
    with pytest.raises(CourseError, match="holds no grades of 99_none"):
        export("canvas", folder, roster(folder, text), folder / "o.csv", columns={"99_none": "Homework 4"})


def test_excused_and_entered_by_hand_stay_and_ours_of_the_last_time_do_not(folder):
    Ledger(folder).close()
    lines = [f"{who},03_clipping_mechanics,9,10,graded,," for who in ("x_101", "x_102", "x_103")]
    rewrite(folder, *lines)
    text = CANVAS.replace("Mon,3,50", "Mon,EX,50").replace("Tue,8,50", "Tue,,50")
    told = export("canvas", folder, roster(folder, text), folder / "out.csv")
    assert [line.partition(",")[0] for line in told] == ["x_102"]
    assert "holds EX, which stays; here it is 9" in told[0]
    rewrite(folder, *(line.replace(",9,", ",10,") for line in lines))
    again = text.replace("Mon,,50", "Mon,9.00,50").replace("Tue,,50", "Tue,8,50")
    told = export("canvas", folder, roster(folder, again), folder / "out.csv")
    assert [line.partition(",")[0] for line in told] == ["x_102", "x_103"]
    assert [row[5] for row in table(folder / "out.csv")[2:]] == ["10", "EX", "8"]
    export("canvas", folder, roster(folder, again), folder / "out.csv", overwrite=True)
    assert [row[5] for row in table(folder / "out.csv")[2:]] == ["10", "10", "10"]


def test_two_scales_are_never_handed_on(folder):
    rewrite(folder, ONE, "roe_102,03_clipping_mechanics,9,12,graded,,")
    with pytest.raises(CourseError, match="rows of 10 and of 12 points for 03_clipping_mechanics"):
        export("canvas", folder, None, folder / "out.csv")


def test_who_has_two_rows_stops_nobody_else(folder):
    rewrite(folder, ONE, "roe_102,03_clipping_mechanics,9,10,graded,,", ONE)
    (told,) = export("canvas", folder, None, folder / "out.csv")
    assert told.startswith("Doe_101, 03_clipping_mechanics: ") and "twice" in told
    assert [row[0] for row in table(folder / "out.csv")[2:]] == ["roe_102"]


def test_points_without_a_sandbox_carry_their_warning(folder, capsys):
    held = Ledger(folder)
    held.note_unconfined()
    held.close()
    rewrite(folder, ONE)
    assert main(["export", "canvas", str(folder), "--out", str(folder / "out.csv")]) == 0
    assert confine.UNCONFINED in capsys.readouterr().err


def test_what_steers_a_terminal_does_not_reach_it(folder, capsys):
    rewrite(folder, ONE, '"a\x1b[31mb",03_clipping_mechanics,0,10,unreadable,,')
    main(["export", "canvas", str(folder), "--out", str(folder / "out.csv")])
    said = capsys.readouterr()
    assert "\x1b" not in said.err + said.out
    assert "a [31mb, 03_clipping_mechanics: not graded" in said.err

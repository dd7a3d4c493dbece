"""A class hands in: every layout, every kind of file, and a row for everybody who handed in anything."""

from __future__ import annotations

import io
import json
import unicodedata
import zipfile

import pytest
from handwritten import RIGHT, hand_in, notebook

from course_lib.grading.notebook import NotebookError
from course_lib.grading.submissions import Submissions, SubmissionsError, names

F = "90_toy.ipynb"
UUID = "0a1b2c3d-0000-4000-8000-0123456789ab"


def content(note: str = "", name: str | None = "90_toy", kind: str = "exercise", **more: str) -> str:
    written = notebook(*RIGHT, f"# {note}", name=name)
    if name:
        written["metadata"]["course"] |= {"kind": kind} | more
    return json.dumps(written)


def zipped(members: list[tuple[str | bytes, str | bytes]]) -> bytes:
    """A zip; names in bytes are written as they are, without the mark for UTF-8."""
    stream, marks = io.BytesIO(), []
    with zipfile.ZipFile(stream, "w") as archive:
        for number, (name, data) in enumerate(members):
            if isinstance(name, bytes):
                mark = chr(97 + number) * len(name)
                marks.append((mark.encode(), name))
                name = mark
            archive.writestr(name, data)
    whole = stream.getvalue()
    for mark, name in marks:
        whole = whole.replace(mark, name)
    return whole


def batch(tmp_path, members, encoding=None):
    path = tmp_path / "in.zip"
    path.write_bytes(zipped(members))
    return Submissions(path, ["90_toy"], encoding)


def rows(found):
    return {entry.learner: (entry.exercise, entry.late, entry.attempt, entry.problem) for entry in found.all}


FINE = ("90_toy", False, 0, "")


@pytest.mark.parametrize(
    ("name", "learner", "late", "attempt"),
    [
        (f"anon_x7Kq2_9001_{F}", "anon_x7Kq2", False, 1),
        (f"LATE_anon_Pq81b_9002_{F}", "anon_Pq81b", True, 1),
        (f"project_team_123_9003_{F}", "project_team_123", False, 1),
        (f"late_ann_LATE_123_9003_{F}", "late_ann_123", True, 1),
        (f"अदिति_5_9_{F}", "अदिति_5", False, 1),
        ("ann_5_9_90_toy-2.ipynb.txt", "ann_5", False, 3),
        (f"ann_5_9_90_toy-{UUID}.ipynb", "ann_5", False, 9),
        ("ann_5_9_hw_2025_10_03_90_toy.ipynb", "ann_5", False, 1),
        (f"Jane Doe_77_assignsubmission_file_{F}", "Jane Doe_77", False, 0),
        (f"Teilnehmer/in 5_77_assignsubmission_file/{F}".replace("/in", "in"), "Teilnehmerin 5_77", False, 0),
        (f"Participante_77_assignsubmission_file/sub/dir/{F}", "Participante_77", False, 0),
        (f"Default group_assignsubmission_file/{F}", "Default group", False, 0),
        (f"Team A-Jane Doe_77_assignsubmission_file_{F}", "Team A-Jane Doe_77", False, 0),
        (f"wrapper/Jane_77_assignsubmission_file/{F}", "Jane_77", False, 0),
        ("ann/90_toy/other name.ipynb", "ann", False, 0),
        (f"hand-in/ann/90_toy/{F}", "ann", False, 0),
        (f"Team 3: Ann/{F}", "Team 3: Ann", False, 0),
        ("ann/90_TOY.IPYNB", "ann", False, 0),
        (f"submissions\\ann\\{F}", "ann", False, 0),
        ("ann/90_toy.json", "ann", False, 0),
        ("ann/90_toy.ipynb.txt", "ann", False, 0),
        ("ann/homework.ipynb.json", "ann", False, 0),
    ],
)
def test_one_of_each_layout(tmp_path, name, learner, late, attempt):
    assert rows(batch(tmp_path, [(name, content())])) == {learner: ("90_toy", late, attempt, "")}


def test_a_name_inside_a_learners_folder_never_tells_the_learner(tmp_path):
    """Another's file once took the place of one's own."""
    for who, file in {
        "Ann Adams_201_assignsubmission_file": "hw_2025_10_90_toy.ipynb",
        "Cy Coe_203_assignsubmission_file": "hw_2025_10_90_toy-1.ipynb",
        "Eve_204_assignsubmission_file": "Ann Adams_201_assignsubmission_file_90_toy-3.ipynb",
        "group_7": "group_1_99_90_toy.ipynb",
        "bob": "final_2_1_03_90_toy.ipynb",
    }.items():
        hand_in(tmp_path / "in", who, content(who), file)
    found = Submissions(tmp_path / "in", ["90_toy"])
    assert rows(found) == dict.fromkeys(("Ann Adams_201", "Cy Coe_203", "Eve_204", "group_7", "bob"), FINE)
    for entry in found.all:
        assert any(entry.learner in source for source in found.read(entry).sources)


def test_a_learner_called_anon_is_no_anonymous_one(tmp_path):
    members = [(f"anon_smith_101_9001_{F}", content("1")), (f"beeann_102_9002_{F}", content("2"))]
    members += [(f"anon_x7Kq2_9001_{F}", content("3")), (f"LATE_anon_abcde_9002_{F}", content("4"))]
    learners = {"anon_smith_101", "beeann_102", "anon_x7Kq2", "anon_abcde"}
    assert set(rows(batch(tmp_path, members))) == learners


def test_one_learners_dated_files_make_no_class_of_them(tmp_path):
    hand_in(tmp_path / "in", "ann", content("1"), "hw_2025_10_90_toy.ipynb")
    hand_in(tmp_path / "in", "ann", content("2", "91_two"), "hw_2025_11_91_two.ipynb")
    found = Submissions(tmp_path / "in", ["90_toy", "91_two"])
    assert [(entry.learner, entry.exercise) for entry in found.all] == [("ann", "90_toy"), ("ann", "91_two")]


def test_subfolders_and_lists_of_the_teacher(tmp_path):
    members = [
        ("class/ann/deep/er/90_toy.ipynb", content("a")),
        ("class/bob/90_toy.ipynb", content("b")),
        ("class/roster.csv", "a,b"),
        ("class/90_toy.ipynb", content("c")),
        ("class/cy/.ipynb_checkpoints/90_toy-checkpoint.ipynb", content("d")),
        ("class/dee/", ""),
        ("__MACOSX/class/ann/._90_toy.ipynb", "x"),
        ("README.txt", "x"),
    ]
    found = batch(tmp_path, [member for member in members if "class/90" not in member[0]])
    told = rows(found)
    assert told.pop("ann") == told.pop("bob") == FINE
    assert told["dee"][3] == "handed in no notebook: its folder is empty."
    assert (
        found.remarks == ["In no learner's folder, and passed over: class/roster.csv, README.txt."]
        or found.remarks
    )


DAMAGED = "is a zip that cannot be opened (damaged or cut off); hand in the .ipynb file."
CANVAS = [
    (f"adamsann_101_9001_{F}", content("a"), ""),
    ("bakerbob_102_9002_90_toy.py", "#", "is no notebook but Python code; hand in the .ipynb file."),
    ("coxcara_103_9003_90_toy.zip", b"PK\5\6" + bytes(18), "is an empty zip; hand in the .ipynb file."),
    (f"dundee_104_9004_{F}.txt", content("d"), ""),
    ("eveseve_105_9005_90.pdf", "%PDF-1.7", "is no notebook but a PDF; hand in the .ipynb file."),
    ("fayfox_106_9006_90.html", "<html>", "is no notebook but an HTML page; hand in the .ipynb file."),
    (f"gayguy_LATE_107_9007_{F}.json", content("g"), ""),
    ("hallhal_108_text.html", "<p>", "is text that was typed into Canvas, no file; ask for the .ipynb file."),
    ("ivyian_LATE_109_link.html", "<p>", "is a link that was entered in Canvas, no file; ask for the .ipynb file."),
    ("jayjo_110_9010_all.zip", zipped([("hw/90_toy.ipynb", content("j")), ("__MACOSX/hw/._x.ipynb", "")]), ""),
    ("kimko_111_9011_90_toy.zip", b"PK\3\4 broken", DAMAGED),
    ("leel_112_9012_x.docx", b"PK\3\4", "is no notebook but a text document; hand in the .ipynb file."),
    ("anon_Ab1_text.html", "<p>", "is text that was typed into Canvas, no file; ask for the .ipynb file."),
]  # fmt: skip


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_nobody_who_handed_in_anything_is_missing_from_canvas(tmp_path, kind):
    if kind == "zip":
        found = batch(tmp_path, [(name, data) for name, data, _ in CANVAS])
    else:
        for name, data, _ in CANVAS:
            hand_in(tmp_path, "in", data, name)
        found = Submissions(tmp_path / "in", ["90_toy"])
    assert {entry.path.split("/")[0]: entry.problem for entry in found.all} == {n: p for n, _, p in CANVAS}
    assert {entry.exercise for entry in found.all} == {"90_toy"}
    assert sorted(entry.learner for entry in found.all if entry.late) == ["gayguy_107", "ivyian_109"]
    for entry in found.all:
        if not entry.problem:
            assert found.read(entry).sources[:4] == list(RIGHT)


def test_nobody_who_handed_in_anything_is_missing_from_moodle(grade, tmp_path):
    (tmp_path / "in.zip").write_bytes(
        zipped(
            [
                (f"Ann Adams_201_assignsubmission_file/{F}", content("a")),
                ("Ann Adams_201_assignsubmission_onlinetext/onlinetext.html", "<p>See the file"),
                ("Bob Baker_202_assignsubmission_file/90.py", "#"),
                ("Cara Cox_203_assignsubmission_file/hw.zip", b"PK\5\6" + bytes(18)),
                ("Dee_204_assignsubmission_onlinetext/Texteenligne.html", "<p>My answer"),
                ("Eve_205_assignsubmission_file/", ""),
                ("Fay_206_assignsubmission_file/a.pdf", "%PDF-"),
                ("Fay_206_assignsubmission_file/b.png", "x"),
            ]
        )
    )
    graded = grade(tmp_path / "in.zip")
    assert graded.points("Ann Adams_201") == 10
    reasons = {name: row["reason"] for name, row in graded.grades.items() if row["status"] == "unreadable"}
    assert set(reasons) == {"Bob Baker_202", "Cara Cox_203", "Dee_204", "Eve_205", "Fay_206"}
    assert "typed into Moodle" in reasons["Dee_204"]
    assert "its folder is empty" in reasons["Eve_205"]
    assert (
        reasons["Fay_206"]
        == "is no notebook but a PDF; hand in the .ipynb file. Nor is there a notebook in b.png."
    )
    assert graded.code == 1
    assert "Bob Baker_202_assignsubmission_file/90.py: is no notebook but Python code" in graded.said


def test_what_stands_beside_a_notebook_costs_nothing(tmp_path):
    two = ["90_toy", "91_two"]
    for file, data in {F: content(), "data.json": '{"a": 1}', "notes.txt": "x", "91_two.py": "#"}.items():
        hand_in(tmp_path / "in", "ann", data, file)
    found = Submissions(tmp_path / "in", two)
    assert [(entry.exercise, entry.problem[:31]) for entry in found.all] == [
        ("90_toy", ""),
        ("91_two", "is no notebook but Python code;"),
    ]


def test_a_zip_of_the_whole_course_counts_the_learners_own_work(toy_exercise, tmp_path, monkeypatch):
    hand_in(tmp_path / "course", "exercises", content("blank"))
    (tmp_path / "course" / "source").mkdir()
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path / "course"))
    inside = zipped(
        [
            ("course/notebooks/90_toy.ipynb", content("lesson", kind="lesson")),
            ("course/solutions/90_toy.ipynb", content("solution", code="0")),
            ("course/exercises/90_toy.ipynb", content("blank")),
            ("course/work/90_toy.ipynb", content("mine")),
            ("course/copy/90_toy.ipynb", content("mine")),
        ]
    )
    found = batch(tmp_path, [("ann/course.zip", inside)])
    assert found.all[0].path == "ann/course.zip/course/copy/90_toy.ipynb"
    assert rows(found) == {"ann": FINE}
    assert found.read(found.all[0]).sources[4] == "# mine"


def test_the_lesson_the_solution_and_another_exercise_are_told(grade, tmp_path):
    for learner, data in {
        "lesson": content("l", kind="lesson"),
        "solution": content("s", code="0"),
    }.items():
        hand_in(tmp_path / "in", learner, data)
    hand_in(tmp_path / "in", "renamed_lesson", content("r", kind="lesson"), "homework.ipynb")
    graded = grade(tmp_path / "in")
    said = "is the lesson 90_toy, not its exercise; hand in the notebook that `course open 90_toy` opens."
    assert graded.grades["lesson"]["reason"] == graded.grades["renamed_lesson"]["reason"] == said
    assert graded.points("solution") == 10
    assert "this is the solution that comes with the course" in graded.feedback("solution")


def test_check_cells_tell_the_exercise_where_all_else_is_lost(toy_exercise, tmp_path):
    hand_in(tmp_path / "in", "ann", content(name=None), "homework.ipynb")
    bare = notebook(*RIGHT, name=None, checks=False)
    hand_in(tmp_path / "in", "bob", bare, "homework.ipynb")
    bare["cells"][0]["metadata"] = {"nbgrader": {"grade_id": "double"}}
    hand_in(tmp_path / "in", "cy", bare, "homework.ipynb")
    told = rows(Submissions(tmp_path / "in", ["90_toy"]))
    assert told["ann"] == told["cy"] == FINE
    assert "is of no exercise of this course" in told["bob"][3]


M = f"_assignsubmission_file/{F}"


@pytest.mark.parametrize(
    ("raw", "encoding", "learner"),
    [
        (f"José Núñez_303{M}".encode(), None, "José Núñez_303"),
        (f"李雷_304{M}".encode(), "cp850", "李雷_304"),
        (f"João Ørsted_301{M}".encode("cp850"), "cp850", "João Ørsted_301"),
        (f"山田 表_306{M}".encode("shift_jis"), "shift_jis", "山田 表_306"),
        (f"王芳_307{M}".encode("gbk"), "gbk", "王芳_307"),
        (f"Müller_308{M}".encode("cp437"), None, "Müller_308"),
        (f"hand-in\\Jörg\\{F}".encode(), None, "Jörg"),
        (unicodedata.normalize("NFD", f"Zoë_309{M}").encode(), None, "Zoë_309"),
    ],
)
def test_names_in_zips(tmp_path, raw, encoding, learner):
    found = batch(tmp_path, [(raw, content())], encoding)
    assert rows(found) == {learner: FINE}
    assert bool(found.remarks) == (b"M\x81" in raw)
    found.read(found.all[0])


def test_a_name_that_only_looks_like_shift_jis_stays_one_name_and_is_said(tmp_path):
    found = batch(tmp_path, [(f"山田 表_306{M}".encode("shift_jis"), content())])
    assert len(found.all) == 1 and found.all[0].learner.endswith("_306") and not found.all[0].problem
    assert "--zip-names" in found.remarks[0]


def test_a_name_marked_as_utf8_that_is_none_and_an_impossible_version_cost_nobody(tmp_path):
    whole = zipped([(f"é/{F}", content("1")), (f"bob/{F}", content("2")), (f"cy/{F}", content("3"))])
    whole = whole.replace("é".encode(), b"\xe9\xff")
    directory = whole.index(b"PK\1\2")
    third = whole.index(b"cy/90_toy", directory) - 46
    whole = whole[: third + 6] + b"\xff\0" + whole[third + 8 :]
    (tmp_path / "in.zip").write_bytes(whole)
    found = Submissions(tmp_path / "in.zip", ["90_toy"])
    assert len(found.all) == 3 and {"bob", "cy"} < set(rows(found))
    found.read(next(entry for entry in found.all if entry.learner == "bob"))


def test_what_climbs_out_and_what_does_not(tmp_path):
    members = [(f"ann/{F}", content()), ("../x/90_toy.ipynb", "1"), ("C:\\x\\90_toy.ipynb", "1")]
    told = rows(batch(tmp_path, [*members, ("ann/../bob/90_toy.ipynb", "1"), (f"D: Team/{F}", content("d"))]))
    assert told["ann"] == told["D: Team"] == FINE
    assert "climbs out" in told["../x/90_toy.ipynb"][3] and "climbs out" in told["C:/x/90_toy.ipynb"][3]
    assert "has '..' in its name" in told["ann/../bob/90_toy.ipynb"][3]


def test_locked_rare_and_damaged_members_cost_one_row_each(grade, tmp_path):
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for who in ("ann", "locked", "crc", "local"):
            archive.writestr(f"{who}/{F}", content(who))
        archive.writestr(f"rare/{F}", content("rare"), zipfile.ZIP_BZIP2)
    whole = bytearray(path.read_bytes())
    directory = whole.index(b"PK\1\2")
    whole[whole.index(b"locked/", directory) - 38] |= 1
    crc = whole.index(b"crc/", directory)
    whole[crc - 30] ^= 255
    local = whole.index(b"local/")
    whole[local : local + 2] = b"\xff\xfe"
    path.write_bytes(whole)
    graded = grade(path)
    reasons = {who: row["reason"] for who, row in graded.grades.items()}
    assert graded.points("ann") == 10
    assert "locked with a password" in reasons["locked"]
    assert "rare method" in reasons["rare"]
    assert "damaged or cut off" in reasons["crc"] and "damaged or cut off" in reasons["local"]


@pytest.mark.parametrize("cut", [10, 400, -30])
def test_a_zip_cut_off_is_one_sentence(tmp_path, cut):
    (tmp_path / "in.zip").write_bytes(zipped([(f"ann/{F}", content())])[:cut])
    with pytest.raises(SubmissionsError, match="neither a folder nor a zip that can be read"):
        Submissions(tmp_path / "in.zip", ["90_toy"])


WEIRD = [
    "a\u2028b",
    "a\u0085b",
    "\u202egnp",
    "tab\there",
    "esc\x1b[2J",
    "new\nline",
    "caf\udce9",
    "x" * 240,
    "=1+1",
    "علي",
    "सीता",
]


def test_odd_names_are_clean_text_and_stay_apart(grade, tmp_path):
    for who in WEIRD:
        hand_in(tmp_path / "in", who, content())
    graded = grade(tmp_path / "in")
    table = (graded.out / "grades.csv").read_text(encoding="utf-8")
    assert len(table.split("\n")) == len(WEIRD) + 2
    assert not [character for character in table if names.clear(character) != character and character != "\n"]
    assert "علي" in table and "सीता" in table and "caf\\xe9" in table and "a\\u2028b" in table
    assert {row["points"] for row in graded.grades.values()} == {"10"}


def test_two_spellings_of_one_accent_are_one_learner(tmp_path):
    hand_in(tmp_path / "in", unicodedata.normalize("NFD", "José"), content("1"), "90_toy.ipynb")
    hand_in(tmp_path / "in", "José", content("2", "91_two"), "91_two.ipynb")
    found = Submissions(tmp_path / "in", ["90_toy", "91_two"])
    assert [(entry.learner, entry.exercise) for entry in found.all] == [
        ("José", "90_toy"),
        ("José", "91_two"),
    ]


def test_files_that_go_or_shrink_between_listing_and_reading_are_their_own_rows(tmp_path):
    for who in ("gone", "short", "piped", "kept"):
        hand_in(tmp_path / "in", who, content(who))
    found = Submissions(tmp_path / "in", ["90_toy"])
    (tmp_path / "in" / "gone" / F).unlink()
    (tmp_path / "in" / "short" / F).write_text("{")
    said = {}
    for entry in found.all:
        try:
            found.read(entry)
            said[entry.learner] = ""
        except NotebookError as error:
            said[entry.learner] = str(error)
    assert said["gone"] == "cannot be read (No such file or directory)."
    assert "is not JSON" in said["short"]
    assert said["kept"] == ""


def test_a_class_of_which_nobody_handed_in_a_notebook_still_has_rows(tmp_path):
    for who in ("ann", "bob"):
        hand_in(tmp_path / "in", who, "#", "90_toy.py")
    (tmp_path / "in" / "cy").mkdir()
    assert set(rows(Submissions(tmp_path / "in", ["90_toy"]))) == {"ann", "bob"}
    found = batch(tmp_path, [("ann_1_2_text.html", "<p>"), ("bob_2_3_x.py", "#")])
    assert set(rows(found)) == {"ann_1", "bob_2"}


def test_a_zip_in_a_zip_of_a_learner_is_looked_into_too(tmp_path):
    inner = zipped([(F, content("x"))])
    twice = zipped([("hw/a.zip", inner), ("hw/notes.txt", "x")])
    empty = zipped([("hw/notes.txt", "x")])
    told = rows(batch(tmp_path, [("ann/x.zip", twice), ("bob/x.zip", zipped([("y.zip", empty)]))]))
    assert told["ann"] == FINE
    assert told["bob"][3] == "is a zip in which no notebook lies; hand in the .ipynb file."


def test_a_learners_zip_of_too_much_is_one_row(tmp_path):
    many = zipped([(f"{number}.ipynb", "{}") for number in range(60)])
    vast = io.BytesIO()
    with zipfile.ZipFile(vast, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(2):
            archive.writestr(f"{number}.ipynb", bytes(160 << 20))
    locked = bytearray(zipped([(F, content("x"))]))
    locked[locked.index(b"PK\1\2") + 8] |= 1
    told = rows(
        batch(tmp_path, [("a/x.zip", many), ("b/x.zip", vast.getvalue()), ("c/x.zip", bytes(locked))])
    )
    assert "too much to look through" in told["a"][3] and "too much to look through" in told["b"][3]
    assert told["c"] == FINE  # whether a member can be had is seen when it is read


def test_a_name_longer_than_any_disk_allows_keeps_both_its_ends(tmp_path):
    who = "y" * 900 + "_201_assignsubmission_file"
    learner = batch(tmp_path, [(f"{who}/{'z' * 700}.ipynb", content())]).all[0].learner
    assert learner.startswith("yyy") and learner.endswith("_201") and len(learner) < 255


def test_a_defect_of_ours_costs_one_row_and_is_told(tmp_path, monkeypatch):
    from course_lib.grading.submissions import work

    for who in ("ann", "bob"):
        hand_in(tmp_path / "in", who, content(who), "homework.ipynb")
    monkeypatch.setattr(
        work, "exercise_of", lambda found, exercises: 1 / ("ann" not in found.sources[4]) and "90_toy"
    )
    found = Submissions(tmp_path / "in", ["90_toy"])
    told = rows(found)
    assert told["bob"] == FINE
    assert told["ann"][3] == "could not be looked through (ZeroDivisionError), which is the grader's fault."
    assert "ZeroDivisionError" in "".join(found.remarks)


def test_a_folder_that_is_no_class_is_one_sentence(tmp_path):
    for name in ("music", "letters", "empty"):
        (tmp_path / "in" / name).mkdir(parents=True)
    (tmp_path / "in" / "letters" / "a.txt").write_text("x")
    with pytest.raises(SubmissionsError, match="holds no notebooks"):
        Submissions(tmp_path / "in", ["90_toy"])


def test_results_inside_the_graded_folder_are_no_learner(tmp_path):
    hand_in(tmp_path / "in", "ann", content())
    hand_in(tmp_path / "in", "out", "x", "ledger.sqlite")
    hand_in(tmp_path / "in", "out", "x", "feedback/ann--90_toy.html")
    assert rows(Submissions(tmp_path / "in", ["90_toy"])) == {"ann": FINE}


def test_a_folder_of_several_learners_is_said(tmp_path):
    for who in ("a", "b", "c"):
        hand_in(tmp_path / "in" / "section 1", who, content(who))
        hand_in(tmp_path / "in" / "section 2", who, content(f"2{who}"))
    told = rows(Submissions(tmp_path / "in", ["90_toy"]))
    assert "is not the only file of this learner" in told["section 1"][3]
    assert "folder of several learners" in told["section 2"][3]


def test_the_encoding_of_names_must_exist(grade, tmp_path, capsys):
    hand_in(tmp_path / "in", "ann", content())
    with pytest.raises(SystemExit):
        grade(tmp_path / "in", "--zip-names", "klingon")
    assert "klingon is no encoding that Python knows" in capsys.readouterr().err
    assert grade(tmp_path / "in", "--zip-names", "shift_jis").points("ann") == 10

"""Whose is what: decided once for a whole batch, by the layout that fits most of it.

A learner's folder says whose a file is, whatever the file is called. Only where files lie without folders do their
names say it, as Canvas and Moodle write them:

- Canvas, `lib/content_zipper.rb` (`get_filename`, `add_upload_submission`, `add_text_or_url`): name (in small letters,
  nothing but word characters), `LATE`, user id, file id, file, joined by `_`; in anonymous assignments `anon_ID`
  instead of name and user id; `_text.html` and `_link.html` for what was typed in. Groups have their name in the
  place of a learner's. A file handed in again gets `-1`, `-2`, ... before its suffix, from the ninth on a UUID
  (`Attachment.make_unique_filename`).
- Moodle, `mod/assign/classes/downloader.php` (`get_student_prefix`, `load_submissionplugin_filelist`; before 4.1 in
  `locallib.php`, `download_submissions`): full name (or the word for "Participant" in the teacher's language, or a
  group's name), `_`, number, `_assignsubmission_`, plugin; then a folder of its files, or with "Download in folders"
  off, `_` and the file. The default group has no number; of names `_` is taken out; the plugin is not translated.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from course_lib.grading.submissions.handed import Handed
from course_lib.grading.submissions.names import learner

_FILE = r"_(?:(?P<typed>text|link)\.html|[0-9]+_(?P<file>.+))"
_CANVAS = re.compile(r"(?P<who>\S*?)(?P<late>_LATE)?(?P<user>_[0-9]+)" + _FILE)
_CANVAS_ANONYMOUS = re.compile(r"(?P<late>LATE_)?(?P<who>anon)(?P<user>_[A-Za-z0-9]+)" + _FILE)
_SMALL = re.compile(r"_[a-z]+")
_MOODLE = re.compile(r"(?P<who>.+?)_assignsubmission_(?P<plugin>[a-z0-9]+)_?")
_MOODLE_FLAT = re.compile(r"(?P<who>.+?)_assignsubmission_(?P<plugin>[a-z0-9]+)_(?P<file>.+)")
_AGAIN = re.compile(r"-(?P<number>[0-9]{1,3})(?:\.[A-Za-z][A-Za-z0-9]*)*$")
_OFTEN = re.compile(r"-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.|$)")

_NINTH = 9
"""Attempts from the ninth on carry no number."""


@dataclass(frozen=True)
class Belonging:
    """A file and whose it is; `inner` is its path from the learner's folder on.

    `typed` says what it is where it is no file: text or a link that was entered in Canvas or Moodle.
    """

    handed: Handed
    learner: str
    inner: tuple[str, ...]
    late: bool = False
    attempt: int = 0
    typed: str = ""


def assign(handed: Sequence[Handed], exercises: Sequence[str]) -> tuple[list[Belonging], list[Handed]]:
    """Each file with its learner, and the files that lie in no learner's folder."""
    placed = [entry for entry in handed if not _is_out_of_place(entry)]
    depth = 0
    while _is_wrapper(placed, depth, exercises):
        depth += 1
    alone = [entry for entry in placed if len(entry.parts) == depth + 1 and not entry.is_folder]
    by_name = _by_name(placed, alone, depth)
    owned, strays = [], []
    for entry in placed:
        if len(entry.parts) <= depth:
            continue  # an empty folder beside the one that holds all others was a way to it
        if len(entry.parts) == depth + 1 and not entry.is_folder:
            belonging = by_name.get(entry.name)
            if belonging:
                owned.append(belonging)
            else:
                strays.append(entry)
        else:
            owned.append(_by_folder(entry, depth))
    return owned, strays + [entry for entry in handed if _is_out_of_place(entry)]


def _is_out_of_place(entry: Handed) -> bool:
    return bool(entry.problem) and not entry.is_folder


def _by_folder(entry: Handed, depth: int) -> Belonging:
    top, inner = entry.parts[depth], entry.parts[depth + 1 :]
    moodle = _MOODLE.fullmatch(top)
    if not moodle:
        return Belonging(entry, learner(top), inner)
    return Belonging(entry, learner(moodle["who"]), inner, typed=_typed(moodle["plugin"], entry.name))


def _typed(plugin: str, file: str) -> str:
    is_text = plugin == "onlinetext" and file.lower().endswith((".html", ".htm"))
    return "is text that was typed into Moodle, no file; ask for the .ipynb file." if is_text else ""


def _by_name(placed: Sequence[Handed], alone: Sequence[Handed], depth: int) -> dict[str, Belonging]:
    """Files without folders whose names tell the learner, where such names are what most of the batch is made of."""
    moodle = {entry.name: found for entry in alone if (found := _moodle(entry))}
    rest = [entry for entry in alone if entry.name not in moodle]
    canvas = _canvas(rest)
    folders = {entry.parts[depth] for entry in placed if len(entry.parts) > depth + 1 or entry.is_folder}
    others = sum((entry.is_notebook or entry.is_zip) and entry.name not in canvas for entry in rest)
    return moodle | (canvas if len(canvas) > len(folders) + others else {})


def _canvas(alone: Sequence[Handed]) -> dict[str, Belonging]:
    """Those whose names are Canvas's.

    `anon_smith` may be a learner's own name, which Canvas writes in small letters; so where not all are anonymous,
    it is. An anonymous number is five letters of either case and digits.
    """
    anonymous = {entry.name: _CANVAS_ANONYMOUS.fullmatch(entry.name) for entry in alone}
    everybody = all(anonymous.values())
    found: dict[str, Belonging] = {}
    for entry in alone:
        hidden, named = anonymous[entry.name], _CANVAS.fullmatch(entry.name)
        if hidden and named and not (everybody or hidden["late"]) and _SMALL.fullmatch(hidden["user"]):
            hidden = None
        if match := hidden or named:
            found[entry.name] = _by_canvas(entry, match)
    return found


def _by_canvas(entry: Handed, found: re.Match[str]) -> Belonging:
    who, late = found["who"] + found["user"], bool(found["late"])
    if found["typed"]:
        what = {"text": "is text that was typed into Canvas", "link": "is a link that was entered in Canvas"}
        problem = f"{what[found['typed']]}, no file; ask for the .ipynb file."
        return Belonging(entry, learner(who), (entry.name,), late, typed=problem)
    file = found["file"]
    again = _AGAIN.search(file)
    attempt = int(again["number"]) + 1 if again else _NINTH if _OFTEN.search(file) else 1
    return Belonging(entry, learner(who), (file,), late, attempt)


def _moodle(entry: Handed) -> Belonging | None:
    found = _MOODLE_FLAT.fullmatch(entry.name)
    if not found:
        return None
    typed = _typed(found["plugin"], found["file"])
    return Belonging(entry, learner(found["who"]), (found["file"],), typed=typed)


def _may_be_handed_in(alone: Handed) -> bool:
    """Whether a file without a folder may be more than the teacher's own list or note."""
    return alone.is_notebook or alone.is_zip or bool(_moodle(alone) or _canvas([alone]))


def _is_wrapper(placed: Sequence[Handed], depth: int, exercises: Sequence[str]) -> bool:
    """Whether one folder lies around all others, as unpacked zips have it, and is no learner's."""
    files = [
        entry
        for entry in placed
        if not entry.is_folder and (len(entry.parts) > depth + 1 or _may_be_handed_in(entry))
    ]
    if not files or any(len(entry.parts) < depth + 2 for entry in files):
        return False
    if len({entry.parts[depth] for entry in files}) > 1 or _MOODLE.fullmatch(files[0].parts[depth]):
        return False
    inside = [entry.parts[depth + 1 :] for entry in placed if len(entry.parts) > depth + 1]
    folders = Counter(parts[0] for parts in inside if len(parts) > 1)
    direct = [entry for entry in files if len(entry.parts) == depth + 2]
    if not direct:
        if all(any(exercise in name for exercise in exercises) for name in folders):
            return False  # one learner with nbgrader's folder for each exercise
        return depth == 0 or len(folders) > 1
    if any(_MOODLE.fullmatch(name) for name in folders) or any(_moodle(entry) for entry in direct):
        return True
    named = [belonging.learner.rpartition("_")[2] for belonging in _canvas(direct).values()]
    told = len(set(named)) > 1 or "submission" in files[0].parts[depth].lower()
    if 2 * len(named) > len(direct) and told:
        return True
    loose = any(entry.is_notebook or entry.is_zip for entry in direct)
    with_work = {
        entry.parts[depth + 1] for entry in files if entry.is_notebook and len(entry.parts) > depth + 2
    }
    return not loose and len(with_work) > 1 and not all(name in exercises for name in with_work)

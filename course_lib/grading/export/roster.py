"""Who is who: a list of learners from Canvas or Moodle, in any of their languages, and whose row is whose.

A column is known by its heading or, in a language that is not listed here, by what it holds: e-mail addresses, one
number behind one word (`Participant 12345`), names of several words, or a word of its own for everybody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from course_lib.grading.export.errors import ExportError
from course_lib.grading.export.reading import read_table

Kind = Literal["id", "number", "name", "first", "last"]
Row = Sequence[str]

CANVAS = (
    *(
        "student",
        "lastname",
        "firstname",
        "id",
        "sis user id",
        "sis login id",
        "integration id",
        "root account",
    ),
    "section",
)
"""The columns with which Canvas's own gradebook begins."""
_CANVAS_IDS = {"id", "sis user id", "sis login id"}

_HEADINGS: dict[Kind, tuple[str, ...]] = {
    "number": ("id", "identifier", "id.", "identifikator", "identifiant", "identificador", "identificatore"),
    "id": (
        *(
            "sis user id",
            "sis login id",
            "integration id",
            "user id",
            "id number",
            "username",
            "login",
            "email",
        ),
        *("email address", "e-mail", "id-nummer", "anmeldename", "e-mail-adresse", "numéro d'identification"),
        *(
            "nom d'utilisateur",
            "adresse de courriel",
            "número de id",
            "nombre de usuario",
            "dirección de correo",
        ),
        *("codice identificativo", "indirizzo email", "gebruikersnaam", "identificação de usuário"),
    ),
    "name": (
        *(
            "student",
            "full name",
            "name",
            "vollständiger name",
            "nom complet",
            "nombre completo",
            "nome completo",
        ),
        *(
            "nombre",
            "cognome nome",
            "volledige naam",
            "fullständigt namn",
            "pełna nazwa",
            "полное имя",
            "氏名",
            "全名",
        ),
    ),
    "first": (
        *(
            "first name",
            "firstname",
            "vorname",
            "prénom",
            "nombre de pila",
            "nome",
            "voornaam",
            "förnamn",
            "fornavn",
        ),
        *("imię", "etunimi", "имя", "名", "名字"),
    ),
    "last": (
        *(
            "last name",
            "lastname",
            "surname",
            "nachname",
            "nom de famille",
            "nom",
            "apellido(s)",
            "apellidos",
        ),
        *(
            "cognome",
            "sobrenome",
            "achternaam",
            "efternamn",
            "etternavn",
            "nazwisko",
            "sukunimi",
            "фамилия",
            "姓",
        ),
    ),
}
_FEWEST = 0.2
"""The part of a class of which at least so much must be on its list."""


@dataclass(frozen=True)
class Roster:
    """A list of learners; `kinds` tells what the columns that say who is who hold, by their place."""

    path: Path
    headings: list[str]
    people: list[Row]
    possible: Row
    kinds: dict[int, Kind]

    def column(self, heading: str) -> int | None:
        """The place of the column with this heading, with or without Canvas's number behind it."""
        wanted = plain(heading)
        for place, known in enumerate(self.headings):
            if wanted in (plain(known), plain(re.sub(r"\s*\(\d+\)\s*$", "", known))):
                return place
        return None


def read_roster(path: Path, system: str) -> Roster:
    """The roster in `path`; raises `ExportError` where it is none, or one of another system."""
    headings, lines = read_table(path)
    known = [plain(heading) for heading in headings]
    possible: Row = next((line for line in lines if line[0].strip().startswith("Points Possible")), ())
    lines = [line for line in lines if line is not possible]
    kinds = _kinds(headings, lines)
    if not kinds:
        raise ExportError(
            f"{path} has no column that says who is who (Student, ID, Email address, ...); "
            "export the gradebook from Canvas, or the grading worksheet from Moodle."
        )
    theirs = ", ".join(headings[:6])
    if system == "canvas" and not _CANVAS_IDS & set(known):
        raise ExportError(
            f"{path} is no gradebook of Canvas: it has {theirs}, but none of ID, SIS User ID and SIS Login ID, by "
            "which Canvas knows a row; export the gradebook from Canvas."
        )
    if system == "moodle" and (possible or {"sis user id", "sis login id"} & set(known)):
        raise ExportError(
            f"{path} is a gradebook of Canvas ({theirs}); for Moodle give the grading worksheet of the assignment, or "
            "run `course export canvas`."
        )
    people: dict[tuple[str, ...], Row] = {}
    for line in lines:
        ids = tuple(plain(line[place]) for place, kind in kinds.items() if kind in ("id", "number"))
        if any(line[place].strip() for place in kinds):
            people.setdefault(ids if any(ids) else tuple(line), line)
    if not people:
        raise ExportError(f"{path} holds nobody; export it again from a course that has learners.")
    return Roster(path, headings, list(people.values()), possible, kinds)


def _kinds(headings: Sequence[str], lines: Sequence[Row]) -> dict[int, Kind]:
    found: dict[int, Kind] = {}
    for place, heading in enumerate(headings):
        kind = next((kind for kind, known in _HEADINGS.items() if plain(heading) in known), None)
        kind = kind or _by_content([cell for line in lines if (cell := line[place].strip())])
        if kind:
            found[place] = kind
    return found


def _by_content(cells: list[str]) -> Kind | None:
    if len(cells) < 2 or len(set(map(plain, cells))) < len(cells):
        return None
    if all(re.fullmatch(r"[^@\s]+@[^@\s]+", cell) for cell in cells):
        return "id"
    numbered = [re.fullmatch(r"(\D*[^\W\d]\D*?)\s*(\d+)", cell) for cell in cells]
    if all(numbered) and len({found[1].strip() for found in numbered if found}) == 1:
        return "number"
    if all(re.fullmatch(r"[^\d_:]+[\s,][^\d_:]+", cell) for cell in cells):
        return "name"
    return "id" if all(re.fullmatch(r"[\w.-]{3,}", cell) for cell in cells) else None


def matched(learners: Iterable[str], roster: Roster) -> tuple[dict[str, Row], list[str]]:
    """The roster's row of each learner, and a sentence for each who has none of their own.

    Raises `ExportError` where next to nobody is on it: it is the list of another course then, or of another system.
    """
    ways = [_index(roster, keys) for keys in (_ids, _mailboxes, _numbers, _names)]
    found: dict[str, int] = {}
    problems = []
    fitting = 0
    learners = sorted(learners)
    for learner in learners:
        number = number_behind(learner)
        sought = (plain(learner), plain(learner), number, _letters(learner.removesuffix(f"_{number}")))
        places = next((way[key] for way, key in zip(ways, sought, strict=True) if key and key in way), set())
        fitting += bool(places)
        if len(places) == 1:
            found[learner] = next(iter(places))
        elif places:
            problems.append(f"{learner}: {len(places)} rows of {roster.path} fit, so not in the gradebook.")
        else:
            problems.append(f"{learner}: no row of {roster.path} fits, so not in the gradebook.")
    if fitting < _FEWEST * len(learners):
        told = ", ".join(roster.headings[place] for place in roster.kinds)
        raise ExportError(
            f"Only {fitting} of {len(learners)} learners are in {roster.path}, which says who is who by {told}; "
            "give the list of this course."
        )
    taken = list(found.values())
    problems += [
        f"{learner}: fits a row of {roster.path} that another fits too, so not in the gradebook."
        for learner, place in sorted(found.items())
        if taken.count(place) > 1
    ]
    return {
        learner: roster.people[place] for learner, place in found.items() if taken.count(place) == 1
    }, problems


def number_behind(learner: str) -> str:
    """Canvas and Moodle end a learner's file or folder with `_12345`, their own number of the learner."""
    found = re.search(r"_(\d+)$", learner)
    return found.group(1) if found else ""


Keys = Callable[[Roster, Row], Iterator[str]]


def _index(roster: Roster, keys: Keys) -> dict[str, set[int]]:
    index: dict[str, set[int]] = {}
    for place, person in enumerate(roster.people):
        for key in keys(roster, person):
            index.setdefault(key, set()).add(place)
    return index


def _cells(roster: Roster, person: Row, *kinds: Kind) -> list[str]:
    return [person[place] for place, kind in roster.kinds.items() if kind in kinds and person[place].strip()]


def _ids(roster: Roster, person: Row) -> Iterator[str]:
    return (plain(cell) for cell in _cells(roster, person, "id", "number"))


def _mailboxes(roster: Roster, person: Row) -> Iterator[str]:
    return (key.partition("@")[0] for key in _ids(roster, person) if "@" in key)


def _numbers(roster: Roster, person: Row) -> Iterator[str]:
    """`12345`, of Canvas's `12345` and of Moodle's `Participant 12345` in whatever language."""
    for cell in _cells(roster, person, "number"):
        if found := re.search(r"(\d+)\s*$", cell):
            yield found.group(1)


def _names(roster: Roster, person: Row) -> Iterator[str]:
    """A name without spaces and signs, whichever of its words it begins with: `doejane`, `janedoe`."""
    parts = [*_cells(roster, person, "first"), *_cells(roster, person, "last")]
    for name in [*_cells(roster, person, "name"), *([" ".join(parts)] if len(parts) > 1 else [])]:
        words = re.findall(r"[^\W_]+", plain(name))
        yield from {"".join(words[start:] + words[:start]) for start in range(len(words))}


def plain(text: str) -> str:
    """Text as it is compared: capitals, width and blanks around it do not count."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _letters(text: str) -> str:
    return "".join(re.findall(r"[^\W_]+", plain(text)))

"""Answers whose code is nearly the same, for a person to look at: winnowed fingerprints.

The code of an answer is cut into runs of `RUN` tokens, without comments, strings of documentation and spacing, and
with names numbered by their first appearance in the run, so that renaming changes nothing. Of every `WINDOW` runs one
is kept, by the smallest hash: two texts that share `RUN + WINDOW - 1` tokens in a row share a fingerprint. What the
learner's copy holds already, and what many of a class hold, tells nothing and is left out.

Source: Schleimer, Wilkerson & Aiken 2003, "Winnowing: local algorithms for document fingerprinting" (MOSS).
"""

from __future__ import annotations

import builtins
import hashlib
import keyword
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from course_lib.checks.exercises import load_asked
from course_lib.errors import CourseError
from course_lib.grading import notebook
from course_lib.grading.notebook import Notebook
from course_lib.work import course_root

RUN = 12
"""Tokens of one fingerprint: about one line of an answer."""

WINDOW = 4

FEWEST = 20
"""Fingerprints that two answers must share; about eight lines. A short answer is alike for all who got it right."""

SHARE = 0.7
"""The part of the shorter answer's fingerprints that must be shared."""

MOST_TOKENS = 5_000
MOST_LETTERS = 100_000
"""Of one cell: what is looked at. An answer has a few hundred tokens, and a class holds many fingerprints in memory."""

_TOKEN = re.compile(
    r"""
    (?P<gap>[ \t\f\r]++|\\\n|\#[^\n]*+)
  | (?P<text>[A-Za-z]{0,2}(?:
        \"{3}(?:[^"\\]|\\(?s:.)|\"(?!""))*+(?:\"{3})?
      | '{3}(?:[^'\\]|\\(?s:.)|'(?!''))*+(?:'{3})?
      | "(?:[^"\\\n]|\\(?s:.))*+"?
      | '(?:[^'\\\n]|\\(?s:.))*+'?))
  | (?P<name>[^\W\d]\w*+)
  | (?P<other>\d[\w.]*+|\n++\s*+|\*\*=?|//=?|<<=?|>>=?|->|[-+*/%&|^@=<>!:]=|.)
    """,
    re.VERBOSE,
)
_KEPT = frozenset((*keyword.kwlist, *dir(builtins)))

Prints = frozenset[int]


@dataclass(frozen=True)
class Alike:
    """Two submissions, by their digests, and how much of the shorter answer each question's two answers share."""

    one: str
    other: str
    shares: Mapping[str, float]


def prints_of(read: Notebook, exercise: str) -> dict[str, Prints]:
    """The fingerprints of the answer to each question: of the last cell that defines what the question needs."""
    found = {}
    for asked in load_asked(exercise):
        defines = _defines(asked.needs)
        cell = next((source for source in reversed(read.sources) if defines.search(source)), "")
        if kept := fingerprints(cell):
            found[asked.name] = kept
    return found


def prints_of_copy(exercise: str) -> dict[str, Prints]:
    """The same for the copy that learners began with; nothing where it is not at hand, as in a container."""
    try:
        return prints_of(notebook.read(course_root() / "exercises" / f"{exercise}.ipynb"), exercise)
    except CourseError:
        return {}


def _defines(names: Sequence[str]) -> re.Pattern[str]:
    """Finds the line that defines one of these names: a function, a class, or a value."""
    any_of_them = "|".join(map(re.escape, names))
    return re.compile(
        rf"^(?:def|class)[ \t]++(?:{any_of_them})\b|^(?:{any_of_them})[ \t]*+(?::[^=\n]++)?=", re.MULTILINE
    )


def fingerprints(source: str) -> Prints:
    """The winnowed fingerprints of a piece of code, whatever text it is and however long."""
    tokens = _tokens(source[:MOST_LETTERS])
    hashes = [_hash(tokens[start : start + RUN]) for start in range(len(tokens) - RUN + 1)]
    if len(hashes) < WINDOW:
        return frozenset(hashes[:1])
    return frozenset(min(hashes[start : start + WINDOW]) for start in range(len(hashes) - WINDOW + 1))


def _tokens(source: str) -> list[str]:
    """Tokens; a name that may be renamed stands with a space before it.

    One look at each letter: a text without an end goes as far as it could, instead of being looked for again from
    each of its quotes.
    """
    tokens: list[str] = []
    for found in _TOKEN.finditer(source):
        token = found[0]
        if found["gap"] is not None:
            continue
        begins = not tokens or tokens[-1] == "\n"
        if found["text"] is not None and begins:  # a text that stands alone: documentation
            continue
        if found["name"] is not None and token not in _KEPT and tokens[-1:] != ["."]:
            token = f" {token}"
        elif token.isspace():
            if begins:
                continue
            token = "\n"
        tokens.append(token)
        if len(tokens) == MOST_TOKENS:
            break
    return tokens


def _hash(run: Sequence[str]) -> int:
    numbers: dict[str, str] = {}
    alike = [numbers.setdefault(token, f" {len(numbers)}") if token[0] == " " else token for token in run]
    digest = hashlib.blake2b("\0".join(alike).encode("utf-8", "replace"), digest_size=6).digest()
    return int.from_bytes(digest)


def alike(answers: Mapping[str, Iterable[tuple[str, Prints]]], copy: Mapping[str, Prints]) -> list[Alike]:
    """The pairs of submissions with an answer nearly the same, most alike first.

    `answers` holds for each question the digests and fingerprints of all, `copy` those of the learners' copy.
    """
    shares: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for question, given in answers.items():
        for pair, share in _alike_in_one(dict(given), copy.get(question, frozenset())):
            shares[pair][question] = share
    pairs = [Alike(*pair, found) for pair, found in shares.items()]
    return sorted(pairs, key=lambda pair: (-sum(pair.shares.values()), pair.one, pair.other))


def _alike_in_one(given: Mapping[str, Prints], copy: Prints) -> Iterable[tuple[tuple[str, str], float]]:
    """Through an index from fingerprints to who holds them, so that not all pairs need be compared."""
    holders: dict[int, list[str]] = defaultdict(list)
    for digest, prints in given.items():
        for kept in prints - copy:
            holders[kept].append(digest)
    many = _too_many(len(given))
    rare = [held for held in holders.values() if len(held) <= many]
    left = Counter(digest for held in rare for digest in held)
    shared = Counter(pair for held in rare for pair in combinations(sorted(held), 2))
    for (one, other), count in shared.items():
        share = count / min(left[one], left[other])
        if count >= FEWEST and share >= SHARE:
            yield (one, other), share


def _too_many(size: int) -> int:
    """From how many holders on a fingerprint is the way the thing is done: a tenth of a class, between 2 and 10."""
    return max(2, min(10, size // 10))

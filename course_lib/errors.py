"""The one base of every error that speaks to a person."""

from __future__ import annotations


class CourseError(Exception):
    """One sentence for a person: what is wrong, where, and what to do about it.

    Each room derives its own from this one. The `course` command prints the sentence and ends with
    code 1, without a traceback; any other exception is a defect of the course and keeps its traceback.
    """

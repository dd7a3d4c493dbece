"""The one error of this room."""

from course_lib.errors import CourseError


class ExportError(CourseError):
    """Something cannot be exported; the message says what, and what to do instead."""

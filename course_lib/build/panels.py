"""Which cells only call a teaching panel: their code is folded away, since it holds the answer.

A reader of `Quiz(..., answer="10")` would see the answer before the question. JupyterLab folds a cell whose
metadata says `jupyter.source_hidden`; the cell still runs, and a click (or View > Expand Selected Code) opens it.
"""

from __future__ import annotations

import ast

PANELS = frozenset(
    (
        "Claim",
        "ExitCheck",
        "Hint",
        "Inquiry",
        "Journal",
        "LearningMap",
        "Predict",
        "Progress",
        "Quiz",
        "Storyboard",
        "measured_minutes",
    )
)
"""The calls of `course_lib.teach` that make a panel; a demo's factory is known by its name, `..._demo`."""


def only_shows_a_panel(code: str) -> bool:
    """Whether every statement makes a panel, names one, or reveals a prediction; a cell with a magic does not."""
    try:
        statements = ast.parse(code).body
    except SyntaxError:
        return False
    return bool(statements) and all(_is_panel(statement) for statement in statements)


def _is_panel(statement: ast.stmt) -> bool:
    match statement:
        case (
            ast.Assign(value=ast.Call(func=ast.Name(id=name)))
            | ast.Expr(value=ast.Call(func=ast.Name(id=name)))
        ):
            return name in PANELS or name.endswith("_demo")
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="reveal"))) | ast.Expr(value=ast.Name()):
            return True
    return False

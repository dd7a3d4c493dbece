"""Handing the grading over to other systems: `gradebooks` for what was graded, the rest for those who grade."""

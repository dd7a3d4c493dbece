"""Grading a folder of notebooks that others wrote.

The trusted side (`runner`) draws cases, judges answers and keeps the ledger; it never runs a line of a learner's.
The other side (`worker`) runs the notebook and answers; it never holds a seed, a reference or a verdict.
"""

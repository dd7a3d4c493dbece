"""Notebooks that load the trusted side: what they answer is dear to read, to compare, to show or to tell."""

from trick import ALL_BUT, Trick

FRAME = "import os, struct\ndef frame(body):\n    os.write(3, struct.pack('>I', len(body)) + body)\n"


def answers(name: str, value: str, status: str = "graded") -> Trick:
    """One that answers `norm` with this value."""
    return Trick(name, (f"import numpy as np\ndef norm(x): return {value}",), ALL_BUT["norm"], status)


TRICKS = (
    answers("words_for_numbers", "['x' * 50_000] + ['1.0'] * 50_000"),
    answers("words_that_spell_numbers", "str(np.sqrt((x ** 2).sum()))"),
    answers("nothing_for_a_number", "None if x.any() else 0.0", status=""),
    answers("many_axes", "np.zeros((2,) * 16)"),
    answers("more_axes_than_travel", "np.zeros((1,) * 40)"),
    answers("an_empty_vast_axis", "np.zeros((0, 2 ** 40))"),
    answers("many_keys", "{f'{n}': n for n in range(60_000)}"),
    answers("a_long_key", "{'k' * 3_000_000: 1.0}"),
    answers("a_tree", "(lambda t: [t := [t] * 9 for _ in range(5)][-1])(1.0)"),
    answers("many_small_lists", "[[]] * 190_000"),
    answers("digits", "10 ** 1_200"),
    answers("two_million_numbers", "np.zeros(2_000_000)"),
    Trick(
        "a_forged_vast_axis",
        (
            FRAME
            + 'def norm(x):\n    frame(b\'answer ["l","given",["a","float64",[0,\' + b"9" * 30 + b\'],""],"",""]\')\n'
            "    return 0.0",
        ),
        ALL_BUT["norm"],
        "stopped",
    ),
    Trick("newlines", ("\n" * 160_000,)),
    Trick("a_string_of_escapes", ('def norm(x):\n    "' + '\\"' * 60_000,)),
    Trick(
        "a_class_of_many_lines",
        ("def norm(x): raise type('A\\u2028B\\u0085C\\r\\x1b[31mD', (Exception,), {})('\\u2029')",),
        ALL_BUT["norm"],
        "graded",
    ),
)

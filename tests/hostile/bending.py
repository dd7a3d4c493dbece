"""Notebooks that bend the verdict: the grader's tools, its messages, its cases."""

from trick import ALL_BUT, NOTHING, Trick, reach


def claim_all(notebook):
    """Outputs and metadata that say full marks, in the words of every grader there is."""
    right = "<b>top: right (1000 of 1000 points)</b><script>alert(1)</script>"
    for cell in notebook["cells"]:
        cell["outputs"] = [{"output_type": "display_data", "data": {"text/html": right}, "metadata": {}}]
        cell["execution_count"] = 1
        cell["metadata"] = {"nbgrader": {"grade": True, "points": 1000, "score": 1000, "grade_id": "top"}}
    notebook["metadata"]["otter"] = {"score": 1000}


def swap_grade_ids(notebook):
    """The easy answer under the dear question's name."""
    names = {"double": "top", "top": "double"}
    for cell in notebook["cells"]:
        found = next((name for name in names if f"def {name}(" in cell["source"]), "")
        if found:
            cell["metadata"] = {
                "nbgrader": {"grade_id": f"{names[found]}-answer", "solution": True, "points": 4}
            }


def rewrite_checks(notebook):
    """Checks that say yes, one of them three times, one not at all."""
    notebook["cells"] = [cell for cell in notebook["cells"] if 'check("norm")' not in cell["source"]]
    for cell in notebook["cells"]:
        if cell["source"].startswith("check("):
            cell["source"] = f"check = lambda *a, **k: 'right'\n{cell['source']}"
    notebook["cells"] += [notebook["cells"][-2]] * 3


FRAME = "import os, struct\ndef frame(body):\n    os.write(3, struct.pack('>I', len(body)) + body)\n"

WATCHED = """
import gc
asked, looked = double, []
def double(x):
    global threshold
    cases = [found for found in gc.get_objects() if type(found).__name__ == "Case"]
    if not looked and any(SEEN for case in cases):
        threshold = 0.25
    looked.append(cases)
    return asked(x)
"""

TRICKS = (
    Trick("forged_outputs", ("double = norm = top = lambda x: 0",), NOTHING, edit=claim_all),
    Trick(
        "edited_points",
        ("def top(x): return 0", "def norm(x): return 0"),
        ("double", "threshold"),
        edit=claim_all,
    ),
    Trick("swapped_grade_ids", ("",), ("double", "norm", "threshold"), edit=swap_grade_ids),
    Trick("rewritten_checks", ("def norm(x): return 0",), ("double",), edit=rewrite_checks),
    Trick("overwritten_cell", ("def double(x): return x",), NOTHING),
    Trick(
        "forged_nesting",
        (FRAME + "frame(b'raised ' + b'[\"l\",' * 10 ** 6 + b']' * 10 ** 6)",),
        status="stopped",
    ),
    Trick(
        "forged_bomb",
        (
            FRAME
            + "frame(b'question double')\nbody = b'[\"d\",[\"a\",0]],' * 500_000\n"
            + 'for _ in range(20): frame(b\'answer ["l", "given", ["l",\' + body + b\'0], "", ""]\')',
        ),
        status="stopped",
    ),
    Trick(
        "answers_that_grow_when_read",
        (
            FRAME + 'body = b\'["d",["a",0]],\' * 50_000\n'
            "def norm(x):\n    for _ in range(20): "
            'frame(b\'answer ["l", "given", ["l",\' + body + b\'0], "", ""]\')\n'
            "    return 1.0",
        ),
        ALL_BUT["norm"],
        "stopped",
    ),
    Trick(
        "forged_next_cell",
        (
            FRAME + "frame(b'cell 3')\nwhile True: pass",
            "import math\ndef norm(x): return math.sqrt(sum(x * x))",
        ),
        ALL_BUT["norm"],
        "stopped",
    ),
    Trick(
        "forged_places",
        (
            FRAME
            + "for place in (b'-7', b'0', b'999999999', b'1_0', b'99999999999999999999'): frame(b'cell ' + place)\n"
            + 'frame(b\'raised ["l", -1, "<script>", "\\\\u202e\\\\ud800"]\')\nimport os\nos._exit(0)',
        ),
    ),
    Trick(
        "patched_numpy",
        (
            "import numpy as np\nyes = lambda *a, **k: True\n"
            "for name in 'isclose allclose array_equal equal all testing'.split(): setattr(np, name, yes)\n"
            "np.testing = type('T', (), {'__getattr__': lambda s, n: yes})()\ndouble = norm = top = lambda x: x",
        ),
        NOTHING,
    ),
    Trick(
        "patched_builtins",
        (
            "import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.all = lambda *a: True\n"
            "builtins.type = lambda *a: float\ndouble = norm = top = lambda x: x",
        ),
        NOTHING,
    ),
    Trick(
        "patched_checks",
        (
            "import course_lib.checks.asking as a, course_lib.checks.judging as j, course_lib.checks.compare as c\n"
            "c.difference = j.difference = lambda *a, **k: ''\nc.same = lambda *a, **k: True\n"
            "j.decide = lambda q, c, a: j.Verdict(q.name, '', 'right', 100, 100, '')\n"
            "a.Asked.points = 1000\ndouble = norm = top = lambda x: x",
        ),
        NOTHING,
    ),
    Trick(
        "patched_torch",
        (
            "import torch\ntorch.equal = torch.allclose = lambda *a, **k: True\n"
            "torch.Tensor.__eq__ = lambda s, o: True\ndouble = norm = top = lambda x: torch.zeros(1)",
        ),
        NOTHING,
    ),
    Trick(
        "syntax_tree_transformer",
        (
            "import ast\nclass True_(ast.NodeTransformer):\n"
            "    def visit_Compare(self, node): return ast.copy_location(ast.Constant(True), node)\n"
            "    def visit_Assert(self, node): return ast.copy_location(ast.Pass(), node)\n"
            "get_ipython().ast_transformers.append(True_())",
            "get_ipython().input_transformers_cleanup.append(lambda lines: ['threshold = 0.25'])",
            "threshold = 7.0",
        ),
        ("threshold",),
    ),
    Trick(
        "import_hook",
        (
            "import sys\nclass Hook:\n    def find_spec(self, name, path=None, target=None):\n"
            "        raise ImportError('all right')\nsys.meta_path.insert(0, Hook())\n"
            "double = norm = top = lambda x: 0",
        ),
        NOTHING,
    ),
    Trick(
        "always_equal",
        (
            "class Yes:\n    __eq__ = __le__ = __lt__ = __ge__ = __gt__ = __bool__ = lambda *a: True\n"
            "    __float__ = lambda s: 0.5\n    __array__ = lambda s, *a, **k: __import__('numpy').zeros(3)\n"
            "    __len__ = lambda s: 3\n    __hash__ = None\ndouble = norm = top = lambda x: Yes()\nthreshold = Yes()",
        ),
        NOTHING,
    ),
    Trick(
        "pretends_its_class",
        (
            "class Liar:\n    __class__ = property(lambda s: float)\n    __lt__ = __eq__ = lambda *a: True\n"
            "double = norm = top = lambda x: Liar()\nthreshold = Liar()",
        ),
        NOTHING,
    ),
    Trick(
        "subclasses",
        (
            "import numpy as np, torch\nclass A(np.ndarray):\n    __eq__ = __lt__ = lambda *a: True\n"
            "class T(torch.Tensor):\n    __eq__ = lambda *a: True\n"
            "class F(float):\n    __eq__ = __lt__ = __le__ = lambda *a: True\n    __sub__ = __rsub__ = lambda *a: 0\n"
            "double = lambda x: np.zeros(x.shape).view(A)\nnorm = lambda x: F(7)\n"
            "top = lambda x: torch.zeros(1).as_subclass(T)\nthreshold = F(5)",
        ),
        NOTHING,
    ),
    Trick(
        "changes_when_read_twice",
        (
            "import numpy as np\nclass Twice(np.ndarray):\n    reads = 0\n"
            "    def __array_finalize__(self, other): Twice.reads += 1\n"
            "    def __array__(self, *a, **k):\n        Twice.reads += 1\n        return np.zeros(3) + Twice.reads\n"
            "    def item(self, *a): return Twice.reads\n"
            "class Flip(float):\n    def __float__(self):\n        Flip.n = getattr(Flip, 'n', 0) + 1\n"
            "        return 0.5 if Flip.n % 2 else 7.0\n"
            "double = top = lambda x: np.ones(x.shape).view(Twice)\nnorm = lambda x: Flip(3)",
        ),
        NOTHING,
    ),
    Trick(
        "dict_that_lies",
        (
            "class Lie(dict):\n    def items(self): return iter([('a', 1.0)] * 10 ** 3)\n"
            "class List(list):\n    def __iter__(self): return iter([0.0] * 3)\n    def __len__(self): return 10 ** 9\n"
            "double = top = lambda x: Lie(a=1)\nnorm = lambda x: List([1])",
        ),
        NOTHING,
    ),
    Trick(
        "string_that_lies",
        (
            "class S(str):\n    def __len__(self): return -5\n    def encode(self, *a): return b'x'\n"
            "double = norm = top = lambda x: S('<script>')\nthreshold = S('0.5')",
        ),
        NOTHING,
    ),
    Trick(
        "error_that_speaks_html",
        ("def norm(x): raise ValueError('<img src=x onerror=alert(1)></div><script>alert(2)</script>')",),
        ALL_BUT["norm"],
    ),
    Trick("forged_end", (FRAME + "frame(b'done')", "threshold = 0.25"), ("double", "threshold"), "stopped"),
    Trick(
        "forged_answers",
        (
            FRAME
            + "for question in ('double', 'norm', 'top'):\n    frame(b'question ' + question.encode())\n"
            + '    for _ in range(3): frame(b\'answer ["l", "given", 1.0, "", ""]\')\nframe(b\'done\')',
        ),
        NOTHING,
    ),
    Trick(
        "forged_verdict",
        (FRAME + 'frame(b\'verdict {"status": "right", "points": 1000}\')',),
        status="stopped",
    ),
    Trick("forged_length", ("import os\nos.write(3, b'\\xff\\xff\\xff\\xff')\nos.write(3, b'x' * 100_000)",)),
    Trick("noise", ("import os\nfor _ in range(2000): os.write(3, os.urandom(65536))",)),
    Trick(
        "forged_pickle",
        (
            FRAME
            + "import pickle\nclass Run:\n    def __reduce__(self):\n"
            + "        return (os.system, ('touch /tmp/hostile-was-here',))\n"
            + "frame(pickle.dumps(Run()))\nframe(b'answer ' + pickle.dumps(Run()))",
        ),
    ),
    Trick(
        "flood_of_messages",
        (FRAME + "while True: frame(b'raised [\"l\", 1, \"Error\", \"' + b'x' * 10 ** 6 + b'\"]')",),
        status="stopped",
    ),
    Trick(
        "seed_of_the_learner",
        (
            "import numpy as np, toy.probes\nfrom course_lib.checks.exercises import LEARNERS_SEED\n"
            "seen = toy.probes.draw(np.random.default_rng(LEARNERS_SEED))\n"
            "table = {case['x'].tobytes(): case['x'].max() for case in seen}\ntop = lambda x: table[x.tobytes()]",
        ),
        NOTHING,
    ),
    reach(
        "walks_the_frames_for_the_reference",
        """
import gc, sys
frame = sys._getframe()
while frame:
    for value in (*frame.f_locals.values(), *frame.f_globals.values()):
        reached |= type(value).__name__ in ("Judged", "Question", "Verdict", "Misconception")
    frame = frame.f_back
for value in gc.get_objects():
    reached |= type(value).__name__ in ("Judged", "Question", "Verdict", "Misconception")
""",
    ),
    Trick("reads_what_its_case_is_called", (WATCHED.replace("SEEN", "case.label"),), ALL_BUT["threshold"]),
    Trick(
        "looks_at_the_cases_to_come",
        (WATCHED.replace("SEEN", "case.inputs.keys() != {'x'} or len(case['x']) != len(x)"),),
        ALL_BUT["threshold"],
    ),
    reach(
        "looks_at_the_cases_before_any_is_put",
        "import gc\nreached = any(type(found).__name__ == 'Case' for found in gc.get_objects())",
    ),
    reach("imports_the_reference", "import course_lib.checks.judges.e01_explosion\nreached = True"),
    reach(
        "loads_the_reference", "from course_lib.checks.exercises import load\nload('90_toy')\nreached = True"
    ),
    reach(
        "finds_the_files_of_the_reference",
        "import os\nfor _, _, files in os.walk('/'):\n    reached |= bool({'judges.py', '90_toy.ipynb'} & set(files))",
    ),
    Trick(
        "profiler_left_on",
        (
            "import cProfile, faulthandler, gc, sys, threading, tracemalloc\n"
            "def watch(*event): raise RuntimeError('a hook of the notebook')\n"
            "threading.setprofile(watch); threading.settrace(watch)\n"
            "gc.callbacks.append(watch); tracemalloc.start()\n"
            "faulthandler.dump_traceback_later(0.2, exit=True)\n"
            "cProfile.Profile().enable()",
        ),
        status="graded",
    ),
    Trick(
        "profiles_itself",
        (
            "import cProfile, sys\ndef norm(x):\n    with cProfile.Profile() as profiler:\n"
            "        total = sum(float(v) ** 2 for v in x)\n    assert profiler.getstats()\n"
            "    sys.setprofile(lambda *event: None)\n    root = total ** 0.5\n    sys.setprofile(None)\n"
            "    return root\nnorm_of_mine = norm",
            "get_ipython().events.register('post_execute', lambda: globals().update(norm=norm_of_mine))",
        ),
        status="graded",
    ),
    Trick(
        "removes_the_watch",
        ("import numpy as np, sys\ndef norm(x):\n    sys.setprofile(None)\n    return np.linalg.norm(x)",),
        ALL_BUT["norm"],
    ),
    Trick(
        "leans_in_a_thread",
        (
            "import numpy as np, threading\ndef norm(x):\n    got = []\n"
            "    t = threading.Thread(target=lambda: got.append(np.linalg.norm(x)))\n    t.start()\n    t.join()\n"
            "    return got[0]",
        ),
        ALL_BUT["norm"],
    ),
)

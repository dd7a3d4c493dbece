"""`course grade` on the toy exercise, whose judge of `threshold` is dear: some answers cost the grader a process.

-1: it loops in C, where no alarm reaches it. -2: it takes all memory. -3: it ends the process. -4: it raises.
-5: it loops in Python. -6: what it says cannot be drawn.
"""

import os
import sys
from dataclasses import replace

import toy
import toy.judges
import toy.probes
from course_lib.checks.judging import Finding
from course_lib.grading import bounds

bounds.SECONDS, bounds.JUDGING_SECONDS = 12.0, 2.0


def judge(case, value):
    match value:
        case -1:
            sum(iter(int, 1))
        case -2:
            bytearray(4 << 30)
        case -3:
            os.abort()
        case -4:
            raise LookupError("the author's own")
        case -5:
            while True:
                pass
        case -6:
            return Finding(False, 7)
    return toy.judges.below_one(case, value)


toy.judges.JUDGED = tuple(
    replace(judged, judge=judge) if judged.name == "threshold" else judged for judged in toy.judges.JUDGED
)

import toy.grade  # noqa: E402

if __name__ == "__main__":
    sys.exit(toy.grade.main())

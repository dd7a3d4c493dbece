"""Run every test: `python tests/run.py [--no-system] [pytest's arguments]`, as `python3 start.py test` does.

First what tests need beyond Python packages is fetched as far as the machine lets us; `--no-system` leaves the system
alone. Then pytest runs `tests/`, and nbval the notebooks, whose cells count as tests. The last lines say what was not
tested and why, and how many tests passed, failed and were skipped: `N passed, N failed, N skipped`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from preparing import prepare

ROOT = Path(__file__).resolve().parents[1]
REPORTS = Path(sys.prefix) / "test-reports"


class DamagedReport(Exception):
    """A report that cannot be read, so that its tests cannot be counted."""


@dataclass
class Counted:
    """How many tests passed, failed (or could not run) and were skipped, and how many of these for which reason."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def lines(self) -> list[str]:
        """What was not tested and why, then the closing line."""
        told = [
            f"not tested: {number} test{'s' if number > 1 else ''}, {reason}"
            for reason, number in self.reasons.most_common()
        ]
        return [*told, f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"]


def count(reports: Path) -> Counted:
    """The tests in the JUnit reports that pytest left; raises `DamagedReport`."""
    found = Counted()
    for report in sorted(reports.glob("*.xml")):
        try:
            suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
        except (OSError, ElementTree.ParseError):
            raise DamagedReport(
                f"{report} is damaged, so the tests cannot be counted: run them again."
            ) from None
        for suite in suites:
            total, failures, errors, skipped = (
                int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")
            )
            found.passed += total - failures - errors - skipped
            found.failed += failures + errors
            found.skipped += skipped
            found.reasons.update(skip.get("message") or "no reason given" for skip in suite.iter("skipped"))
    return found


def main(argv: Sequence[str]) -> int:
    """Prepare, run, count; 0 where something passed and nothing failed."""
    system = "--no-system" not in argv
    arguments = [word for word in argv if word != "--no-system"]
    prepare(system=system)
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir()
    # A file's tests share servers and graded classes, so a file is what one process takes.
    shared_out = arguments or ["--numprocesses=auto", "--dist=loadfile"]
    suites = [["-m", "pytest", f"--junitxml={REPORTS / 'tests.xml'}", *shared_out]]
    if not arguments:
        suites.append([str(Path("tests", "notebooks", "run_nbval.py")), f"--reports={REPORTS}"])
    # Each core has a process of its own: a second thread would only stand in another's way.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    codes = [subprocess.call([sys.executable, *suite], env=environment, cwd=ROOT) for suite in suites]
    try:
        found = count(REPORTS)
    except DamagedReport as damaged:
        print(f"tests/run.py: {damaged}", file=sys.stderr)
        return 1
    print("\n".join(found.lines), flush=True)
    return 1 if any(codes) or found.failed or not found.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Lessons run as other processors would: which numbers differ is said, and a family that fails is not passed over."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import run_nbval
import run_processors

PROOF = "source/lessons/01_tiny.py:7: 0.3 ~ error"


def report(value: str, *endings: str) -> list[ElementTree.Element]:
    """The cases of a report: a cell that ends as it may, and the proof of one number."""
    inside = "".join(f"<{ending}/>" for ending in endings)
    return list(
        ElementTree.fromstring(
            f'<suite><testcase classname="notebooks.01_tiny.ipynb" name="Cell 3">{inside}</testcase>'
            f'<testcase name="the numbers of the prose"><properties><property name="{PROOF}" value="{value}"/>'
            "</properties></testcase></suite>"
        )
    )


def test_nbval_leaves_the_values_of_all_proofs_in_its_report(built_course: Path, tmp_path: Path) -> None:
    assert run_nbval.run(built_course, "compared", tmp_path, processes="0") == 0
    cases = list(ElementTree.parse(tmp_path / "notebooks-compared.xml").getroot().iter("testcase"))
    values = run_processors.proven(cases)
    assert len(values) == len(set(values)) >= 2
    (half,) = (value for place, value in values.items() if place.endswith("1.5 = half(3)"))
    assert half == "1.5"


def test_numbers_apart_by_more_than_a_last_bit_are_said() -> None:
    assert run_processors.proven(report("0.31")) == {PROOF: "0.31"}
    near, far = {PROOF: "0.3100000001"}, {PROOF: "0.32"}
    assert run_processors.not_shared([{PROOF: "0.31"}, near]) == {}
    assert run_processors.not_shared([{PROOF: "0.31"}, far]) == {PROOF: ["0.31", "0.32"]}
    assert run_processors.not_shared([{PROOF: "nan"}, {PROOF: "nan"}]) == {}
    assert run_processors.not_shared([{PROOF: "0.31"}, {}]) == {PROOF: ["0.31", "none"]}


@pytest.mark.parametrize("ending", ["failure", "error", "skipped"])
def test_a_cell_that_did_not_pass_in_one_family_makes_the_run_red(
    ending: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    red = {"OPENBLAS_CORETYPE": "Nehalem"}

    def run(chosen: dict[str, str], reports: Path) -> list[ElementTree.Element]:
        return report("0.33", ending) if chosen.get("OPENBLAS_CORETYPE") == "Nehalem" else report("0.31")

    monkeypatch.setattr(run_processors, "kernels", str)
    monkeypatch.setattr(run_processors, "run", run)
    monkeypatch.setattr(run_processors, "FAMILIES", {"new": {}, "old": red})
    monkeypatch.setattr(run_processors.platform, "machine", lambda: "x86_64")
    assert run_processors.main([]) == 1
    said = capsys.readouterr().out
    assert f"{PROOF}: 0.31, 0.33" in said
    assert "new: 0 failed\nold: 1 failed\n  notebooks.01_tiny.ipynb Cell 3" in said
    assert run_processors.main(["new"]) == 0


def test_a_machine_that_cannot_stand_in_for_others_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run_processors.platform, "machine", lambda: "arm64")
    assert run_processors.main([]) == 2
    assert "arm64" in capsys.readouterr().err
    monkeypatch.setattr(run_processors.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(run_processors, "kernels", lambda chosen: "the same for all")
    assert run_processors.main([]) == 2
    assert "cannot stand in" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run_processors.main(["a family nobody knows"])

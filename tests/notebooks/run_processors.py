"""Run the lessons and solutions as other processors would: `python tests/notebooks/run_processors.py [NAME ...]`.

A processor adds the terms of a sum in the order that suits its vector units, and each library takes exponentials its
own way there. The last bit differs, and a chaotic run carries that into the second digit. The kernels of older
processors can be chosen by environment variables, so one machine can tell what another would: for each family this
compares all stored outputs (`run_nbval.py`), proves the numbers of the prose again, and says which of them the families
do not share.

Ends with 0 when all families pass, with 1 when one does not, with 2 when this machine cannot stand in for the others.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import run_nbval

FAMILIES = {
    "this processor": {},
    "AVX2, of Intel": {
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
    },
    "AVX2, of AMD": {
        "OPENBLAS_CORETYPE": "Zen",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_CBWR": "COMPATIBLE",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
    },
    "SSE 4.2": {
        "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        "ATEN_CPU_CAPABILITY": "default",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA",
    },
}
"""What chooses the kernels of NumPy, OpenBLAS, PyTorch, MKL, oneDNN and the C library, oldest family last."""

LAST_BITS = 1e-6

KERNELS = """
import numpy, torch
from threadpoolctl import threadpool_info
print(*(pool["architecture"] for pool in threadpool_info() if pool["user_api"] == "blas"),
      torch.backends.cpu.get_cpu_capability())
"""


def kernels(chosen: dict[str, str]) -> str:
    """The kernels that OpenBLAS and PyTorch say they took, as in `Haswell AVX2`."""
    asked = [sys.executable, "-c", KERNELS]
    said = subprocess.run(asked, env=os.environ | chosen, capture_output=True, text=True, check=True)
    return said.stdout.strip()


def run(chosen: dict[str, str], reports: Path) -> list[ElementTree.Element]:
    """The cells and the proofs of every lesson and solution, as pytest reports them."""
    before = dict(os.environ)
    os.environ.update(chosen)
    try:
        run_nbval.run(run_nbval.ROOT, "compared", reports)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return list(ElementTree.parse(reports / "notebooks-compared.xml").getroot().iter("testcase"))


def failed(cases: Sequence[ElementTree.Element]) -> list[str]:
    """Which of them did not pass."""
    return [
        f"{case.get('classname')} {case.get('name')}"
        for case in cases
        if any(case.find(ending) is not None for ending in ("failure", "error", "skipped"))
    ]


def proven(cases: Sequence[ElementTree.Element]) -> dict[str, str]:
    """The value of each proof, by the line of the source that asks for it and the number written there."""
    return {
        str(value.get("name")): str(value.get("value")) for case in cases for value in case.iter("property")
    }


def not_shared(by_family: Sequence[dict[str, str]]) -> dict[str, list[str]]:
    """The proofs whose values differ between families by more than a last bit, with the value of each family."""
    everywhere = {
        name: [values.get(name, "none") for values in by_family]
        for name in dict.fromkeys(name for values in by_family for name in values)
    }
    return {name: values for name, values in everywhere.items() if not _near(values)}


def _near(values: Sequence[str]) -> bool:
    """Whether they are one number, but for the last bits."""
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        return len(set(values)) == 1
    return all(
        math.isclose(number, numbers[0], rel_tol=LAST_BITS) or values[0] == value
        for number, value in zip(numbers, values, strict=True)
    )


def main(argv: Sequence[str] | None = None) -> int:
    """One family after the other, whatever the first ones find; a table of what they do not share at the end."""
    parser = argparse.ArgumentParser(description="Run lessons and solutions with other processors' kernels.")
    parser.add_argument("family", nargs="*", metavar="NAME", help=f"of: {'; '.join(FAMILIES)} (all)")
    names = parser.parse_args(argv).family or list(FAMILIES)
    if unknown := [name for name in names if name not in FAMILIES]:
        parser.error(f"there is no family {unknown[0]!r}; there are: {'; '.join(FAMILIES)}")
    if platform.machine().lower() not in ("x86_64", "amd64"):
        print(f"These families are of x86 processors; this one is of {platform.machine()}.", file=sys.stderr)
        return 2
    taken = {name: kernels(FAMILIES[name]) for name in names}
    if len(names) > 1 and len(set(taken.values())) == 1:
        print(f"This processor cannot stand in for the others: {taken}.", file=sys.stderr)
        return 2
    values, red = {}, {}
    for name in names:
        print(f"\n{name}: {taken[name]}", flush=True)
        with TemporaryDirectory() as folder:
            cases = run(FAMILIES[name], Path(folder))
        values[name], red[name] = proven(cases), failed(cases)
    print(f"\nNumbers of the prose that {', '.join(names)} do not share:")
    for number, of_families in sorted(not_shared(list(values.values())).items()):
        print(f"  {number}: {', '.join(of_families)}")
    for name in names:
        print(f"{name}: {len(red[name])} failed{''.join(f'{chr(10)}  {case}' for case in red[name])}")
    return 1 if any(red.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

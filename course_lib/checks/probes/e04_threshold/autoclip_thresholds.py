"""What `autoclip_thresholds` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain
from course_lib.checks.probes.e04_threshold.norms import drawn_norms
from course_lib.checks.probes.e04_threshold.ready_made import READY_RULES


def draw(rng: np.random.Generator) -> list[Case]:
    """An explosion at the first step, a spike late, norms that drift; percentiles on both sides of 50."""
    first, late, drifting = (
        drawn_norms(rng, 6),
        drawn_norms(rng, 8),
        drawn_norms(rng, 9) * np.linspace(1, 3, 9),
    )
    first[0] = round(float(rng.uniform(200, 900)), 0)
    late[6] = round(float(rng.uniform(50, 90)), 0)
    return [
        Case("an explosion at the first step", {"norms": first, "percentile": 10.0}),
        Case("a late spike", {"norms": late, "percentile": 75.0}),
        Case("norms that drift", {"norms": np.round(drifting, 3), "percentile": 35.0}),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`autoclip_thresholds(norms, percentile)`."""
    return names["autoclip_thresholds"](case["norms"], case["percentile"])


ASKED = Asked(
    name="autoclip_thresholds",
    title="AutoClip, from its formula",
    points=2,
    needs=("autoclip_thresholds",),
    draw=draw,
    probe=probe,
    refuses=READY_RULES,
)

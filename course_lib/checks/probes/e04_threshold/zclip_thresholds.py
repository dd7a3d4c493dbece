"""What `zclip_thresholds` asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

import numpy as np

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain
from course_lib.checks.probes.e04_threshold.norms import drawn_norms
from course_lib.checks.probes.e04_threshold.ready_made import READY_RULES


def draw(rng: np.random.Generator) -> list[Case]:
    """Calm; one spike with calm after it; two spikes, of which the second meets what the first has left."""
    calm = np.round(np.array([1.0, 1.4, 0.6, 1.3, 0.7]) * rng.uniform(0.95, 1.05, 5), 3)
    # 1.2 deviations above the mean is no spike; measured in variances, which are smaller here, it would be one.
    after = np.round(calm.mean() + calm.std() * np.array([0.2, 1.2, -0.5, 1.1, 0.4]), 3)
    one, two = drawn_norms(rng, 14), drawn_norms(rng, 16)
    one[6] = round(float(rng.uniform(60, 90)), 0)
    two[6], two[9] = round(float(rng.uniform(60, 90)), 0), round(float(rng.uniform(200, 400)), 0)
    return [
        Case("a calm run", {"norms": np.append(calm, after), "warmup": 5}),
        Case("one spike after the warm-up", {"norms": one, "warmup": 5}),
        Case("two spikes", {"norms": two, "warmup": 6}),
    ]


def probe(names: Namespace, case: Case) -> Plain:
    """`zclip_thresholds(norms, warmup)`."""
    return names["zclip_thresholds"](case["norms"], case["warmup"])


ASKED = Asked(
    name="zclip_thresholds",
    title="Mend a ZClip with three mistakes",
    points=2,
    needs=("zclip_thresholds",),
    draw=draw,
    probe=probe,
    refuses=READY_RULES,
)

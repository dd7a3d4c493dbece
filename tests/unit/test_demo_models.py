"""What the demos show is true: their arithmetic against the formulas, the library and exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from course_lib.clipping import ClippingError
from course_lib.demos.chain import model as chain
from course_lib.demos.chain import picture as chain_picture
from course_lib.demos.groups import model as groups
from course_lib.demos.monitor import model as monitor
from course_lib.demos.phase import model as phase
from course_lib.demos.phase import picture as phase_picture
from course_lib.demos.plane import model as plane
from course_lib.demos.plane import picture as plane_picture
from course_lib.demos.spike import model as spike
from course_lib.demos.spike import picture as spike_picture
from course_lib.demos.wording import decimal, size
from course_lib.dynamics import backward_gradients, forward_signals, overflow_depth, underflow_depth


def chain_state(unit: str = "linear", gain: float = 1.2, depth: int = 50, start: float = 1.0) -> chain.State:
    return chain.State(unit=unit, gain=gain, depth=depth, start=start)


def plane_state(first: float, second: float, threshold: float = 2.0, rule: str = "value") -> plane.State:
    return plane.State(first=first, second=second, threshold=threshold, rule=rule)


@pytest.mark.parametrize("gain", [-1.2, 0.8, 1.0, 1.2, 2.0])
def test_linear_chain_is_that_of_dynamics(gain: float) -> None:
    outcome = chain.compute(chain_state(gain=gain, depth=60, start=0.5))
    np.testing.assert_allclose(10 ** outcome["forward"], np.abs(forward_signals(gain, 60, 0.5)))
    np.testing.assert_allclose(10 ** outcome["backward"], np.abs(backward_gradients(gain, 60)))


@pytest.mark.parametrize("hundredths", range(50, 201))
def test_horizons_hold_to_the_layer(hundredths: int) -> None:
    """For every gain of the slider, in exact fractions: inside at the layer before, outside at the horizon."""
    horizons = chain.compute(chain_state(gain=hundredths / 100))["signal_horizon"]
    for name, found in horizons.items():
        held = chain.HELD[name]
        if hundredths == 100:
            assert found is None
            continue
        assert found is not None
        at = Fraction(hundredths, 100) ** found.layer
        before = Fraction(hundredths, 100) ** (found.layer - 1)
        if found.side == "over":
            half_step = Fraction(2) ** (held.top - held.precision)
            edge = Fraction(held.largest) + half_step
            assert before < edge <= at, (name, found)
        else:
            edge = Fraction(held.smallest) / 2
            assert at <= edge < before, (name, found)


@pytest.mark.parametrize(("gain", "start"), [(1.2, 1.0), (1.05, 1e-3), (0.8, 1.0), (0.97, 0.5)])
def test_horizons_are_the_depths_of_dynamics(gain: float, start: float) -> None:
    depth_of = overflow_depth if gain > 1 else underflow_depth
    for name, found in chain.compute(chain_state(gain=gain, start=start))["signal_horizon"].items():
        assert found is not None
        assert found.layer == depth_of(gain, name, start)


def test_bfloat16_lasts_as_long_as_float32() -> None:
    horizons = chain.compute(chain_state())["signal_horizon"]
    assert horizons["float16"] == chain.Horizon(61, "over")
    assert horizons["bfloat16"] == horizons["float32"] == chain.Horizon(487, "over")


@pytest.mark.parametrize(
    ("gain", "start", "depth", "expected"),
    [(1.2, 0.5, 50, 9.9e-9), (2.0, 0.5, 50, 1.5e-38), (2.0, 1e-12, 39, 3.8e11)],
)
def test_tanh_chain_multiplies_a_times_one_minus_h_squared(
    gain: float, start: float, depth: int, expected: float
) -> None:
    h, gradient, signal = start, 1.0, [start]
    for _ in range(depth):
        h = math.tanh(gain * h)
        gradient *= gain * (1 - h * h)
        signal.append(h)
    outcome = chain.compute(chain_state("tanh", gain, depth, start))
    np.testing.assert_allclose(10 ** outcome["forward"], signal)
    assert 10 ** outcome["backward"][0] == pytest.approx(gradient)
    assert gradient == pytest.approx(expected, rel=0.02)


def test_the_question_about_the_depth_has_the_answer_39() -> None:
    def gradient(depth: int) -> float:
        return float(chain.compute(chain_state("tanh", 2.0, depth, 1e-12))["backward"][0])

    assert max(range(1, 201), key=gradient) == 39


def test_plane_turns_by_21_degrees_at_the_start() -> None:
    outcome = plane.compute(plane_state(10, 1))
    by_value, by_norm = outcome["rules"]["value"], outcome["rules"]["l2"]
    assert by_value["vector"].tolist() == [2, 1]
    assert by_value["turned"] == pytest.approx(math.degrees(math.atan2(1, 2) - math.atan2(1, 10)))
    assert by_norm["length"] == pytest.approx(2)
    assert by_norm["turned"] == pytest.approx(0, abs=1e-6)
    assert outcome["rules"]["linf"]["vector"] == pytest.approx([2, 0.2])


def test_the_published_formula_lets_a_negative_component_out() -> None:
    rules = plane.compute(plane_state(-8, 3))["rules"]
    assert rules["published"]["vector"].tolist() == [-8, 2]
    assert rules["value"]["vector"].tolist() == [-2, 2]


def test_value_clipping_turns_most_where_the_tip_leaves_the_box() -> None:
    heights = [tenths / 10 for tenths in range(56)]
    turned = [plane.compute(plane_state(10, height))["rules"]["value"]["turned"] for height in heights]
    assert heights[int(np.argmax(turned))] == 2.0


def test_plane_refuses_a_threshold_that_leaves_no_step() -> None:
    with pytest.raises(ClippingError, match="above 0"):
        plane.compute(plane_state(1, 1, threshold=0.0))


@pytest.mark.parametrize(
    ("log10", "written"),
    [
        (math.log10(9100.44), "9,100"),
        (math.log10(999_999), "10⁶"),
        (0.0, "1"),
        (-1e-16, "1"),
        (math.log10(0.0143), "0.0143"),
        (math.log10(1.43e-5), "1.43 × 10⁻⁵"),
        (-12.0, "10⁻¹²"),
        (600.5, "3.16 × 10⁶⁰⁰"),
        (-math.inf, "0"),
    ],
)
def test_sizes_are_written_to_three_digits(log10: float, written: str) -> None:
    assert size(log10) == written


@pytest.mark.parametrize(
    ("number", "written"), [(10.0, "10"), (-1.99, "−1.99"), (0.125, "0.13"), (-0.001, "0"), (2.5, "2.5")]
)
def test_decimals_are_short(number: float, written: str) -> None:
    assert decimal(number) == written


def test_the_starting_words() -> None:
    assert chain_picture.words(chain_state()) == [
        "50 linear layers of gain 1.2: on its way back to the input the gradient grows to 9,100 times its size.",
        "The signal goes from 1 to 9,100; it is too large for float16 at layer 61, "
        "for bfloat16 and float32 at layer 487.",
    ]
    assert plane_picture.words(plane_state(10, 1)) == [
        "The gradient (10, 1), clipped by value at 2, becomes (2, 1).",
        "Its length goes from 10.05 to 2.24, and its direction turned by 20.9 degrees.",
    ]


def spike_state(
    size: float = 100.0, at: int = 100, threshold: float = 1.0, memory: str = "0.999"
) -> spike.State:
    return spike.State(spike=size, at=at, threshold=threshold, memory=memory)


def test_the_spike_brakes_and_lets_go_where_it_says() -> None:
    for state in (spike_state(), spike_state(30, 1, 5, "0.99"), spike_state(1000, 40, 100, "0.9")):
        for course in (spike.compute(state)["raw"], spike.compute(state)["clipped"]):
            effective = 1 / np.sqrt(course["v"])
            after = effective[state["at"] - 1 :]
            assert after[0] == pytest.approx(course["share"])
            if course["recovery"] < len(after):
                assert int(np.argmax(after >= 0.9)) == course["recovery"]
            np.testing.assert_allclose(course["step"], course["m"] * effective)


def test_a_spike_clipped_to_an_ordinary_gradient_leaves_no_trace() -> None:
    clipped = spike.compute(spike_state())["clipped"]
    for name in ("m", "v", "step"):
        np.testing.assert_allclose(clipped[name], 1)


def test_the_starting_words_of_the_spike() -> None:
    assert spike_picture.words(spike_state()) == [
        "One gradient of size 100 among gradients of size 1, at step 100: "
        "right after it Adam steps as if its learning rate were 0.097 times as large.",
        "It is back at nine tenths after 3,772 ordinary steps. The longest step on the way is 1.06 learning rates.",
        "Clipped at 1, the spike is an ordinary gradient, and nothing happens.",
    ]


def test_the_monitor_shows_runs_that_were_really_trained() -> None:
    from course_lib.data import sunspots
    from course_lib.training import RecurrentSetting, forecast, train_recurrent

    runs = monitor.recorded()
    alone = train_recurrent(
        forecast(sunspots()), [RecurrentSetting("x", 0.03, 10.0)], [monitor.SEED], steps=monitor.STEPS
    )
    shown = runs["runs"]["0.03"]["2"]
    # One last bit decides how a chaotic run goes on, so only its beginning is the same on another way to sum.
    np.testing.assert_allclose(shown["norms"][:5], np.log10(alone.norms[:5, 0, 0]), atol=0.02)
    np.testing.assert_allclose(shown["losses"][:5], np.log10(alone.losses[:5, 0, 0]), atol=0.02)


def test_the_monitor_counts_what_is_above_the_threshold() -> None:
    run = {
        "norms": [3.0, 1.0, 0.5] + [0.0] * 97 + [2.0] * 2,
        "losses": [0.0] * 102,
        "error": 0.5,
        "spread": 1.0,
    }
    runs = {"runs": {"0.03": {"2": run, "9": run}}, "persistence": 0.88, "deviation": 1.4}
    clipped = monitor.compute(monitor.State(notch=2, rate="0.03", runs=runs))
    assert (clipped["clipped"], clipped["late"], clipped["survived"]) == (3, 2, 102)
    assert clipped["longest"] == pytest.approx(math.log10(0.03 * 10))
    assert clipped["updates"][2] == pytest.approx(math.log10(0.03) + 0.5)
    free = monitor.compute(monitor.State(notch=9, rate="0.03", runs=runs))
    assert (free["threshold"], free["clipped"], free["verdict"]) == (None, 0, "useful")
    assert free["longest"] == pytest.approx(math.log10(30))


@pytest.mark.parametrize(
    ("error", "spread", "verdict"),
    [(None, None, "broken"), (2.7, 0.01, "constant"), (2.7, 1.0, "useless"), (0.3, 1.0, "useful")],
)
def test_the_monitor_tells_how_a_run_ended(error: float | None, spread: float | None, verdict: str) -> None:
    run = {"norms": [1.0], "losses": [1.0], "error": error, "spread": spread}
    runs = {"runs": {"0.03": {"2": run}}, "persistence": 0.88, "deviation": 1.4}
    assert monitor.compute(monitor.State(notch=2, rate="0.03", runs=runs))["verdict"] == verdict


def phase_state(clipped: str = "both", scheme: str = "simultaneous", decay: float = 0.0) -> phase.State:
    return phase.State(scheme=scheme, clipped=clipped, threshold=1.0, lr=0.1, decay=decay)


def test_clipped_play_of_the_phase_plane_has_no_cycle() -> None:
    outcome = phase.compute(phase_state())
    assert outcome["law"] == "root" and outcome["circle"] == 0
    for walk in (outcome["inner"], outcome["outer"]):
        assert walk["most"] - walk["least"] > 0.4


@pytest.mark.parametrize(
    ("state", "law"),
    [
        (phase_state("nobody"), "out"),
        (phase_state("generator"), "linear"),
        (phase_state("nobody", "alternating"), "kept"),
        (phase_state("nobody", "extragradient"), "home"),
        (phase_state("both", decay=0.1), "home"),
        (phase_state("weight"), "measured"),
    ],
)
def test_the_phase_plane_names_the_law_of_its_state(state: phase.State, law: str) -> None:
    outcome = phase.compute(state)
    assert outcome["law"] == law
    radii = np.hypot(outcome["outer"]["x"], outcome["outer"]["y"])
    if law in ("out", "linear"):
        assert outcome["outer"]["most"] > 5 * radii[0]
    elif law == "home":
        assert outcome["outer"]["most"] < 0.1 * radii[0]
    else:
        assert 0.3 * radii[0] < outcome["outer"]["least"] <= outcome["outer"]["most"] < 1.1 * radii[0]


def test_both_walks_of_the_phase_plane_close_in_on_the_circle() -> None:
    outcome = phase.compute(phase_state(decay=0.02))
    assert outcome["law"] == "circle"
    for walk in (outcome["inner"], outcome["outer"]):
        assert walk["least"] == pytest.approx(outcome["circle"], rel=0.01)
        assert walk["most"] == pytest.approx(outcome["circle"], rel=0.01)
    assert "circle of radius 1.58" in phase_picture.words(phase_state(decay=0.02))[0]


def test_a_clipped_weight_never_passes_its_wall() -> None:
    outcome = phase.compute(phase_state("weight"))
    assert np.abs(outcome["outer"]["y"]).max() <= 1.0
    assert outcome["inner"]["most"] < 1.2


def test_the_groups_show_runs_that_were_really_trained() -> None:
    from course_lib.data import loanapp
    from course_lib.fairness import GroupSetting, group_metrics, grouped_splits, train_logistic

    splits = grouped_splits(loanapp(), groups.SPLITS, groups.N_TEST)
    batch_size, steps, lr = groups.BATCHES["batches of 16"]
    found = train_logistic(splits, [GroupSetting("x", lr, 2.0)], steps=steps, batch_size=batch_size)
    measured = group_metrics(splits.y_test[3], found.scores(splits)[0, 3], splits.group_test[3])
    shown = groups.recorded()["batches of 16"]["2"]
    for metric in groups.METRICS:
        for group in (0, 1):
            value = 100 * measured[group][metric]
            assert shown["values"][metric][group][3] == pytest.approx(value, abs=0.002)
    assert shown["clipped"] == pytest.approx(100 * found.clipped.mean(), abs=0.06)


def test_the_groups_tell_a_change_from_noise() -> None:
    def runs(shift: float, noise: float) -> groups.Runs:
        rng = np.random.default_rng(0)
        plain = rng.normal(80, 2, size=(2, 10))
        moved = plain + [[shift], [0.0]] + noise * rng.normal(size=(2, 10))
        told = {
            str(notch): {"values": {"auc": values.tolist()}, "clipped": 50.0, "moved": 1.0}
            for notch, values in ((2, moved), (groups.OFF, plain))
        }
        return {"everybody": told}

    def verdict(notch: int, shift: float, noise: float) -> groups.Outcome:
        return groups.compute(
            groups.State(notch=notch, batch="everybody", metric="auc", runs=runs(shift, noise))
        )

    assert verdict(groups.OFF, 3.0, 0.1)["verdict"] == "off"
    assert verdict(2, 0.0, 0.0)["verdict"] == "identical"
    assert verdict(2, 0.0, 1.0)["verdict"] == "noise"
    moved = verdict(2, 3.0, 0.1)
    assert moved["verdict"] == "moved"
    assert moved["ratio"] == 2
    assert moved["change"] == pytest.approx(3, abs=0.2)
    assert moved["gap"] - moved["plain_gap"] == pytest.approx(moved["change"])
    assert moved["spread"] == pytest.approx(np.std(moved["changes"], ddof=1))

"""Thresholds, orders and gradients that cannot be: each gets one clear sentence."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.clipping import (
    ClippingError,
    angle_between,
    clip_by_global_norm,
    clip_by_global_norm_,
    clip_by_norm,
    clip_by_value,
    clip_by_value_,
    clip_globally,
    clip_per_example,
    clip_per_example_,
    clip_per_group_,
    clip_per_layer,
    clip_per_layer_,
    clip_per_parameter,
    clip_per_parameter_,
    global_norm,
    scaled_global_norm,
    worst_value_angle,
)
from course_lib.errors import CourseError

NAMED = {"a.weight": np.ones((2, 2)), "a.bias": np.ones(2)}


def parameter():
    p = nn.Parameter(torch.zeros(3))
    p.grad = torch.tensor([6.0, 8.0, 0.0])
    return p


BY_THRESHOLD = {
    "clip_by_norm": lambda c: clip_by_norm(np.ones(3), c),
    "clip_by_global_norm": lambda c: clip_by_global_norm([np.ones(3)], c),
    "clip_by_value": lambda c: clip_by_value(np.ones(3), c),
    "clip_globally": lambda c: clip_globally(NAMED, c),
    "clip_per_layer": lambda c: clip_per_layer(NAMED, c),
    "clip_per_parameter": lambda c: clip_per_parameter(NAMED, c),
    "clip_per_example": lambda c: clip_per_example(NAMED, c),
    "clip_by_global_norm_": lambda c: clip_by_global_norm_(parameter(), c),
    "clip_by_value_": lambda c: clip_by_value_(parameter(), c),
    "clip_per_group_": lambda c: clip_per_group_({"w": parameter()}, c, str),
    "clip_per_layer_": lambda c: clip_per_layer_({"w": parameter()}, c),
    "clip_per_parameter_": lambda c: clip_per_parameter_({"w": parameter()}, c),
    "clip_per_example_": lambda c: clip_per_example_({"w": torch.ones(2, 3)}, c),
}


def sentence(error):
    """The message, after checking that it is one line that ends as a sentence does."""
    text = str(error.value)
    assert "\n" not in text
    assert text[0].isupper() or text.split()[0] in ("max_norm", "limit", "p", "nonfinite", "u", "v")
    assert text.endswith(".")
    return text


@pytest.mark.parametrize("name", BY_THRESHOLD)
@pytest.mark.parametrize(
    ("threshold", "says"),
    [
        (0, "must be above 0, but it is 0"),
        (0.0, "must be above 0, but it is 0"),
        (-1.5, "must be above 0, but it is -1.5"),
        (-math.inf, "must be above 0, but it is -inf"),
        (math.nan, "is nan"),
        ("1", "must be a number above 0, but it is '1' (a str)"),
        (None, "must be a number above 0, but it is None (a NoneType)"),
        (True, "must be a number above 0, but it is True (a bool)"),
        ([1.0], "must be a number above 0, but it is [1.0] (a list)"),
    ],
)
def test_a_bad_threshold(name, threshold, says):
    with pytest.raises(ClippingError) as error:
        BY_THRESHOLD[name](threshold)
    text = sentence(error)
    assert says in text
    assert text.startswith("limit" if "value" in name else "max_norm")


def test_the_error_is_a_course_error_and_a_value_error():
    assert issubclass(ClippingError, CourseError)
    assert issubclass(ClippingError, ValueError)


@pytest.mark.parametrize("name", BY_THRESHOLD)
@pytest.mark.parametrize("threshold", [1, 0.5, np.float32(2), np.int64(3), math.inf])
def test_thresholds_that_are_numbers(name, threshold):
    BY_THRESHOLD[name](threshold)


@pytest.mark.parametrize("p", [0, 0.5, -1, math.nan, "2", "inf", None, True])
def test_an_order_that_makes_no_norm(p):
    for call in (
        lambda: clip_by_norm(np.ones(3), 1, p),
        lambda: global_norm([np.ones(3)], p),
        lambda: clip_per_example(NAMED, 1, p),
        lambda: clip_by_global_norm_(parameter(), 1, p),
        lambda: clip_per_example_({"w": torch.ones(2, 3)}, 1, p),
        lambda: scaled_global_norm([torch.ones(3)], p),
    ):
        with pytest.raises(ClippingError, match="p must be a number of at least 1") as error:
            call()
        sentence(error)


@pytest.mark.parametrize(
    ("g", "says"),
    [
        (None, "is None"),
        ([1.0, math.nan], "is not finite (1 of its 2 entries"),
        ([math.inf, 1.0, -math.inf], "is not finite (2 of its 3 entries"),
        ("word", "must hold real numbers"),
        ([1 + 2j], "must hold real numbers"),
        ([[1.0], [1.0, 2.0]], "cannot be read as an array"),
    ],
)
def test_a_gradient_that_cannot_be_clipped(g, says):
    for call, where in (
        (lambda: clip_by_norm(g, 1), "The gradient "),
        (lambda: clip_by_value(g, 1), "The gradient "),
        (lambda: clip_by_global_norm([np.ones(2), g], 1), "Gradient 1 "),
        (lambda: clip_per_layer({"a.weight": np.ones(2), "a.bias": g}, 1), "The gradient of a.bias "),
        (lambda: clip_per_example({"w": g}, 1), "The gradient of w "),
    ):
        with pytest.raises(ClippingError) as error:
            call()
        text = sentence(error)
        assert text.startswith(where)
        assert says in text


def test_nothing_to_clip():
    for call in (
        lambda: clip_by_global_norm([], 1),
        lambda: global_norm(iter([])),
        lambda: clip_per_layer({}, 1),
        lambda: clip_per_example({}, 1),
        lambda: clip_by_global_norm_([], 1),
        lambda: clip_by_value_(iter([]), 1),
        lambda: clip_per_layer_({}, 1),
        lambda: clip_by_global_norm_(nn.ReLU(), 1),
        lambda: clip_per_example_({}, 1),
        lambda: scaled_global_norm([]),
    ):
        with pytest.raises(ClippingError, match="empty") as error:
            call()
        sentence(error)


def test_a_generator_that_was_already_used():
    model = nn.Linear(2, 1)
    parameters = model.parameters()
    torch.optim.SGD(parameters, lr=0.1)
    with pytest.raises(ClippingError, match="can be used only once"):
        clip_by_global_norm_(parameters, 1)


def test_a_backward_pass_that_was_forgotten():
    for clip in (clip_by_global_norm_, clip_by_value_, clip_per_layer_):
        with pytest.raises(ClippingError, match="None of the 2 parameters has a gradient") as error:
            clip(nn.Linear(2, 1), 1)
        sentence(error)


def test_scopes_need_names():
    with pytest.raises(ClippingError, match="dictionary of name -> array, not a list"):
        clip_per_layer([np.ones(2)], 1)
    with pytest.raises(ClippingError, match=r"give the model, or model\.named_parameters") as error:
        clip_per_layer_([parameter()], 1)
    sentence(error)


def test_something_that_is_no_parameter():
    with pytest.raises(ClippingError, match="Entry 1 of the parameters is a str, not a tensor") as error:
        clip_by_global_norm_([parameter(), "weight"], 1)
    sentence(error)


def test_examples_that_do_not_line_up():
    shapes = "need one leading axis of examples; these have w"
    with pytest.raises(ClippingError, match=shapes):
        clip_per_example({"w": np.ones((3, 2)), "b": np.ones(4)}, 1)
    with pytest.raises(ClippingError, match=shapes):
        clip_per_example({"w": np.float64(3)}, 1)
    with pytest.raises(ClippingError, match=shapes):
        clip_per_example_({"w": torch.ones(3, 2), "b": torch.ones(4)}, 1)
    with pytest.raises(ClippingError, match=shapes):
        clip_per_example_({"w": torch.tensor(1.0)}, 1)


def test_an_unknown_policy():
    for call in (
        lambda: clip_by_global_norm_(parameter(), 1, nonfinite="ignore"),
        lambda: clip_by_value_(parameter(), 1, nonfinite="ignore"),
        lambda: clip_per_layer_({"w": parameter()}, 1, nonfinite="ignore"),
        lambda: clip_per_example_({"w": torch.ones(2, 3)}, 1, nonfinite="ignore"),
    ):
        with pytest.raises(ClippingError, match="nonfinite must be") as error:
            call()
        sentence(error)


def test_a_sparse_gradient():
    embedding = nn.Embedding(4, 2, sparse=True)
    embedding(torch.tensor([1])).sum().backward()
    with pytest.raises(ClippingError, match="The gradient of weight is sparse") as error:
        clip_by_global_norm_(embedding, 1)
    sentence(error)


def test_angles_that_do_not_exist():
    with pytest.raises(ClippingError, match="v is zero"):
        angle_between([1, 0], [0, 0])
    with pytest.raises(ClippingError, match=r"one shape; these have \(2,\) and \(3,\)"):
        angle_between([1, 0], [1, 0, 0])
    with pytest.raises(ClippingError, match="u is not finite"):
        angle_between([math.nan, 0], [1, 0])
    with pytest.raises(ClippingError, match="at least 1 coordinate"):
        worst_value_angle(0)

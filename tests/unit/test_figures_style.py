"""The look of the figures: readable in print, at half size and with any kind of colour vision."""

from __future__ import annotations

import importlib
import inspect
import itertools
import pkgutil
import typing

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import course_lib.figures
from course_lib.figures.picture import Picture
from course_lib.figures.style import LINES, PALETTE, SMALLEST_LETTERS, new_figure

Vector = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

# Machado, Oliveira & Fernandes 2009, table 1, severity 1.0; they act on linear RGB.
VISION = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TOLD_APART = 0.06
"""In OKLab a difference of 0.02 is just noticeable side by side; lines lie apart, so three times that is asked."""


def linear(colour: str) -> Vector:
    channels = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def oklab(rgb: Vector) -> Vector:
    """Björn Ottosson 2020, "A perceptual color space for image processing"."""
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    mixed = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.asarray(mixed @ np.cbrt(cones @ np.clip(rgb, 0, 1)))


def closest(colours: list[str], vision: str) -> tuple[float, tuple[str, str]]:
    seen = {colour: oklab(VISION[vision] @ linear(colour)) for colour in colours}
    return min(
        (float(np.linalg.norm(seen[first] - seen[second])), (first, second))
        for first, second in itertools.combinations(colours, 2)
    )


@pytest.mark.parametrize("vision", VISION)
def test_every_pair_of_colours_is_told_apart(vision: str) -> None:
    distance, pair = closest(list(PALETTE.values()), vision)
    assert distance > TOLD_APART, f"{pair} are {distance:.3f} apart for {vision}"


def test_the_measure_sees_what_a_careless_palette_confuses() -> None:
    red_and_green = ["#d62728", "#2ca02c"]
    assert closest(red_and_green, "usual")[0] > TOLD_APART
    assert closest(red_and_green, "deuteranopia")[0] < TOLD_APART


def test_lines_differ_in_colour_style_and_marker() -> None:
    for part in ("color", "linestyle", "marker"):
        assert len({str(line[part]) for line in LINES}) == len(LINES), f"two lines share a {part}"


def test_every_line_stands_out_on_white() -> None:
    for line in LINES:
        red, green, blue = linear(line["color"])
        luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        contrast = 1.05 / (luminance + 0.05)
        assert contrast > 2, f"{line['color']} has a contrast of {contrast:.2f} on white"


def drawn() -> Figure:
    figure, [axes] = new_figure(6, 3)
    axes.plot([1, 2, 3], [1, 4, 9], label="squares", **LINES[0])
    axes.annotate("small", (1, 1), fontsize=6)
    axes.legend()
    return figure


def test_a_picture_draws_the_same_bytes_whatever_the_reader_has_set() -> None:
    first = Picture(drawn(), "Squares grow.", "1, 4, 9").png
    with matplotlib.rc_context(
        {"figure.facecolor": "black", "axes.grid": False, "xtick.labelsize": 30, "savefig.dpi": 30}
    ):
        second = Picture(drawn(), "Squares grow.", "1, 4, 9").png
    assert first == second
    assert b"Software" not in first
    assert b"tIME" not in first


def test_drawing_leaves_the_readers_settings_alone() -> None:
    with matplotlib.rc_context({"font.size": 30, "axes.grid": False}):
        before = dict(matplotlib.rcParams)
        Picture(drawn(), "Squares grow.", "1, 4, 9")
        assert dict(matplotlib.rcParams) == before


def test_no_letter_is_too_small_to_read_at_half_size() -> None:
    figure = drawn()
    Picture(figure, "Squares grow.", "1, 4, 9")
    sizes = [float(letters.get_fontsize()) for letters in figure.findobj(Text) if isinstance(letters, Text)]
    assert min(sizes) >= SMALLEST_LETTERS
    pixels_at_half_size = SMALLEST_LETTERS * 96 / 72 / 2
    assert pixels_at_half_size >= 8


def test_a_picture_says_itself_in_words() -> None:
    shown = Picture(drawn(), 'A "rising" <line>.', "slope  2.0")._repr_mimebundle_()
    assert shown["text/plain"] == '[figure] A "rising" <line>.\nslope 2.0'
    assert 'alt="A &quot;rising&quot; &lt;line&gt;."' in shown["text/html"]
    assert "<figcaption>slope 2.0</figcaption>" in shown["text/html"]
    assert 'src="data:image/png;base64,' in shown["text/html"]


@pytest.mark.parametrize(
    ("alt", "numbers", "named"), [("", "1", "alt"), (" \n", "1", "alt"), ("A line.", "", "numbers")]
)
def test_a_picture_without_words_or_numbers_is_refused(alt: str, numbers: str, named: str) -> None:
    with pytest.raises(ValueError, match=f"needs `{named}`"):
        Picture(drawn(), alt, numbers)


def test_what_is_no_figure_is_refused() -> None:
    with pytest.raises(TypeError, match="matplotlib Figure, not of str"):
        Picture("a figure", "A line.", "1")  # type: ignore[arg-type]


@pytest.mark.parametrize(("width", "height"), [(0, 3), (4, -1), (float("nan"), 3)])
def test_a_figure_without_a_size_is_refused(width: float, height: float) -> None:
    with pytest.raises(ValueError, match="above 0 inches"):
        new_figure(width, height)


def test_columns_stand_side_by_side() -> None:
    figure, columns = new_figure(9, 3, columns=3)
    assert figure.get_axes() == columns
    with pytest.raises(ValueError, match="at least one column"):
        new_figure(columns=0)


def test_rows_come_from_above() -> None:
    figure, panels = new_figure(6, 6, columns=2, rows=2)
    assert figure.get_axes() == panels
    places = [panel.get_position() for panel in panels]
    assert places[0].x0 < places[1].x0 and places[0].y0 == places[1].y0 > places[2].y0 == places[3].y0
    with pytest.raises(ValueError, match="at least one row"):
        new_figure(rows=0)


def test_every_figure_file_offers_one_function_that_returns_a_picture() -> None:
    names = [module.name for module in pkgutil.iter_modules(course_lib.figures.__path__)]
    assert "style" in names
    for name in sorted(set(names) - {"style", "picture"}):
        module = importlib.import_module(f"course_lib.figures.{name}")
        public = [
            function
            for word, function in inspect.getmembers(module, inspect.isfunction)
            if not word.startswith("_") and function.__module__ == module.__name__
        ]
        assert [function.__name__ for function in public] == [name], f"{name}.py offers {public}"
        assert typing.get_type_hints(public[0])["return"] is Picture, f"{name} does not return a Picture"

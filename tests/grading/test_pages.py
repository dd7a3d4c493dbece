"""The report and the feedback page: tables that every reader can use, and colours for both themes."""

from __future__ import annotations

import re

from course_lib.grading.page import bar, grid, histogram, page

TABLE = grid(["Question", "", "Right"], [["norm", bar(0.5), "3"]], numbers=(2,))


def test_no_heading_is_empty_and_what_scrolls_can_be_reached():
    assert not re.search(r"<th[^>]*></th>", TABLE)
    (region,) = re.findall(r'<div class="scroll"[^>]*>', TABLE)
    assert 'tabindex="0"' in region
    assert 'role="region"' in region
    assert 'aria-label="Table: Question"' in region


def test_on_a_phone_each_cell_has_its_columns_name():
    assert '<td class="number" data-column="Right">3</td>' in TABLE
    assert 'data-column=""' not in TABLE


def test_every_colour_follows_the_theme():
    whole = page("t", TABLE + histogram([1, 2], ["a", "b"], "alt"))
    style, body = whole.split("</style>")
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style
    assert not re.search(r'(?:fill|stroke)="#', body)

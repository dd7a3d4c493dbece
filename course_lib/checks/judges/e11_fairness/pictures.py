"""Marks that are told apart by more than their colour."""

from __future__ import annotations


def spot(x: float, y: float, colour: str, shape: str, hollow: bool) -> str:
    """A circle, square or cross around a place."""
    if shape == "cross":
        return f'<path d="M{x - 6:.1f} {y - 6:.1f}l12 12m0 -12l-12 12" stroke="{colour}" stroke-width="3"/>'
    look = f'fill="{"#fff" if hollow else colour}" stroke="{colour}" stroke-width="{3 if hollow else 1}"'
    if shape == "square":
        return f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" {look}/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{7 if hollow else 5}" {look}/>'

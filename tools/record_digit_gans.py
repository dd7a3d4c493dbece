"""Train the GANs on real digits that lesson 09 shows, and write their scores to `course_lib/training/digit_gans.json`.

    python tools/record_digit_gans.py    about four minutes of one processor; run it in .venv

Training is chaotic: another processor rounds otherwise, and single runs then end elsewhere. So a new record changes
digits; after it run `course build --force 09_gans` and tests/unit/test_training_digit_gans.py.
"""

from __future__ import annotations

import torch

from course_lib.training.digit_gans import FILE, RATES, as_json, record


def main() -> None:
    """Record with each optimizer, one thread, then write the file."""
    torch.set_num_threads(1)
    runs = {}
    for optimizer in RATES:
        runs[optimizer] = record(optimizer)
        print(f"recorded with {optimizer}", flush=True)
    FILE.write_text(as_json(runs), encoding="utf-8")
    print(f"{FILE.name} holds {FILE.stat().st_size / 1000:.0f} kB.")


if __name__ == "__main__":
    main()

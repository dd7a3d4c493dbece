"""Puts this folder on the path, for what the tests of all questions share (`verdicts.py`)."""

import torch

torch.set_num_threads(1)  # the networks are small, and several tests run side by side

"""Why gradients explode, and what clipping does about it: the course's shared library.

Importing this package loads neither torch nor matplotlib; each room loads what it needs when it is used.
"""

__version__ = "0.1.0"

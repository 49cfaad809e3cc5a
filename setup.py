"""Builds the capture engine's hot path in C; everything else is said in setup.cfg, which cannot name an extension.

`optional`: where there is no compiler nothing is built, and capture/walk.py does the same in Python. One build serves every Python
from 3.11 on (abi3).
"""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "capture._walk",
            ["capture/_walk.c"],
            extra_compile_args=["-O2", "-Wall", "-Wextra"],
            py_limited_api=True,
            optional=True,
        )
    ],
)

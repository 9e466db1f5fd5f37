"""Builds the one extension; everything else is in pyproject.toml.

PYSWF_BUILD chooses how: `release` (default), `debug` (assertions, checks, line tracing) or `asan`
(AddressSanitizer and UBSan). Each mode keeps its C in a folder of its own, because Cython decides
by timestamps alone whether to translate again.
"""

import os
import sys
from pathlib import Path

import greenlet
from Cython.Build import cythonize
from Cython.Compiler import Options
from setuptools import Extension, setup

BUILD = os.environ.get("PYSWF_BUILD", "release")
MACROS = {
    "release": [],
    "debug": [
        ("PYSWF_DEBUG", "1"),
        ("CYTHON_TRACE_NOGIL", "1"),
        ("CYTHON_USE_SYS_MONITORING", "0"),
        ("CYTHON_CLINE_IN_TRACEBACK", "1"),
    ],
    # Freelists reuse memory, which would hide a use after free.
    "asan": [("PYSWF_DEBUG", "1"), ("CYTHON_USE_FREELISTS", "0")],
}
SANITIZE = ["-fsanitize=address,undefined", "-fno-omit-frame-pointer"]
COMPILE = {
    "release": ["-O3", "-g0"],
    "debug": ["-O0", "-g", "-UNDEBUG"],
    # Greenlets copy stacks, borders between variables included, which looks like an overrun.
    "asan": ["-O1", "-g", "-UNDEBUG", *SANITIZE, "--param=asan-stack=0"],
}
LINK = {"release": [], "debug": [], "asan": SANITIZE}
CHECKS = dict.fromkeys(["overflowcheck", "nonecheck", "initializedcheck", "linetrace"], True)

if BUILD not in MACROS:
    sys.exit(f"PYSWF_BUILD is {BUILD!r}; it takes one of {', '.join(MACROS)}")

Options.warning_errors = True

replay = Extension(
    "pyswf_fast._replay",
    ["_replay/_replay.pyx"],
    include_dirs=[str(Path(greenlet.__file__).parent)],
    define_macros=[("PYSWF_BUILD", f'"{BUILD}"'), *MACROS[BUILD]],
    extra_compile_args=COMPILE[BUILD],
    extra_link_args=LINK[BUILD],
    depends=[str(part) for part in sorted(Path("_replay").glob("*.p[yx][xd]"))],
)
setup(
    ext_modules=cythonize(
        [replay],
        build_dir=f"build/cython/{BUILD}",
        include_path=["_replay"],
        compiler_directives=CHECKS if BUILD == "debug" else {},
    )
)

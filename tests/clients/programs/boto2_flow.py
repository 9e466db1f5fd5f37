"""boto 2: its second layer for deciders and workers, its first for the rest; arguments: the port, the domain."""

from __future__ import annotations

import sys

import six
import six.moves

for name in (
    "",
    ".moves",
    ".moves.urllib",
    ".moves.urllib.parse",
    ".moves.urllib.request",
    ".moves.http_client",
):
    # Python 3.12 took away what boto's own copy of six needs.
    sys.modules[f"boto.vendored.six{name}"] = __import__("importlib").import_module(f"six{name}")

from boto.regioninfo import RegionInfo
from boto.swf import exceptions, layer1, layer1_decisions, layer2

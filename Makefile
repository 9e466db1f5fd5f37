# The one door for developers. `make help` says what there is.
#
# PYTHON  the interpreter that environments are made from      make test PYTHON=python3.13
# ARGS    passed on to the demo, pytest or the benchmarks      make test ARGS="-k timers -x"

PYTHON ?= python3
ARGS   ?=
VENV   := .venv
BIN    := $(CURDIR)/$(VENV)/bin
ENGINE := $(wildcard _replay/*.pyx _replay/*.pxd) setup.py
# What a build of its own needs: the tree is copied, so that a debug or asan build never stands beside,
# nor in the way of, the release build of the checkout.
TREE   := $(wildcard _replay pyswf_fast pytest_pyswf_fast.py tests benchmarks examples docs .ci setup.py pyproject.toml \
            MANIFEST.in Makefile README.md CHANGELOG.md CONTRIBUTING.md LICENSE)
# What a debug build can tell more about than a release build: tests in which the engine decides. The
# service, its page, the command line and packaging hold no code of the engine.
DECIDING := tests/engine tests/dropin tests/worker tests/storage
CLIENTS := $(patsubst tests/clients/requirements/%,build/clients/%/.installed, \
             $(basename $(wildcard tests/clients/requirements/*)))
# pytest-benchmark, once `make bench` has brought it, would warn about xdist.
PYTEST := -m pytest -p no:benchmark

export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYSWF_BUILD PYTHONPATH PYTHONHOME

.PHONY: help demo test test-release test-debug clients lint bench debug asan sdist clean build
.DEFAULT_GOAL := help

help:  ## this list
	@grep -E '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

demo: build  ## environment, build, and a workflow that surveys the standard library
	@$(BIN)/pyswf-fast demo $(ARGS)

test: test-release test-debug  ## environment, build, the whole suite, and the engine's again in a debug build

# Other clients of SWF against the embedded service, each with the libraries that it wants.
clients: build $(VENV)/.dev  ## AWS's CLI and SDKs, simpleflow, garcon, swf-typed, moto and a second S3
	@$(MAKE) --no-print-directory --jobs 2 $(CLIENTS)
	@$(BIN)/python $(PYTEST) -n 2 --dist loadfile tests/clients $(ARGS)

# What ruff says of imports depends on which files are there, which its cache does not see.
lint: build $(VENV)/.dev  ## ruff, mypy, cython-lint, and the stub against the built module
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	PATH="$(BIN):$$PATH" $(BIN)/cython-lint _replay
	$(BIN)/python -m mypy.stubtest pyswf_fast._replay --concise

bench: build $(VENV)/.bench  ## the benchmarks, release build
	@cd benchmarks && $(BIN)/python -m pytest -p no:xdist . $(ARGS)

debug: build/debug/.built  ## build with assertions and checks, in build/debug

# libstdc++ is for greenlet, whose exceptions the sanitizer would otherwise not know.
asan: build/asan/.built $(VENV)/.dev  ## build with AddressSanitizer, and the engine's tests in it
	@cd build/asan && PYTHONPATH=$(CURDIR)/build/asan PYTHONMALLOC=malloc HYPOTHESIS_PROFILE=quick \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	  LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libstdc++.so)" \
	  $(BIN)/python $(PYTEST) -p no:xdist --timeout 600 tests/engine $(ARGS)

sdist: build  ## the source distribution, in build/dist
	@rm -rf build/dist && mkdir -p build/dist
	@$(BIN)/python -c "from setuptools import build_meta; build_meta.build_sdist('build/dist')" > build/dist.log
	@ls build/dist/*.tar.gz

clean:  ## remove every build and the environment
	rm -rf build dist *.egg-info pyswf_fast/*.so $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

test-release: build $(VENV)/.dev
	@echo "the suite, release build"
	@$(BIN)/python $(PYTEST) -n auto $(ARGS)

test-debug: build/debug/.built $(VENV)/.dev
	@echo "the engine's part of the suite, debug build"
	@cd build/debug && PYTHONPATH=$(CURDIR)/build/debug $(BIN)/python $(PYTEST) -n auto $(DECIDING) $(ARGS)

# The checkout holds the release build. Who built another one here by hand gets it replaced.
build: $(VENV)/.built
	@$(BIN)/python -c "import sys, pyswf_fast._replay as r; sys.exit(r.BUILD != 'release')" 2>/dev/null \
	  || { rm -f $(VENV)/.built; $(MAKE) --no-print-directory $(VENV)/.built; }

$(VENV)/.built: $(VENV)/.environment $(ENGINE)
	@echo "building the release engine"
	@rm -f pyswf_fast/_replay*.so
	@if [ setup.py -nt $@ ]; then rm -rf build/cython/release; fi
	@PYSWF_BUILD=release PYTHONWARNINGS=ignore $(BIN)/pip install -qq --no-build-isolation --editable .
	@touch $@

# A copy with times kept: Cython and the C compiler do again only what changed. They do not see that
# setup.py, and with it their options, did. The release build has brought what the package depends on.
build/%/.built: $(VENV)/.built FORCE
	@mkdir -p build/$*
	@if [ setup.py -nt $@ ]; then rm -rf build/$*/build; fi
	@cd build/$* && rm -rf $(TREE)
	@cp -Rp $(TREE) build/$*
	@rm -f build/$*/pyswf_fast/*.so
	@echo "building the $* engine in build/$*"
	@cd build/$* && PYSWF_BUILD=$* $(BIN)/python setup.py --quiet build_ext --inplace
	@touch $@

$(VENV)/.environment: pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there: give make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c "$$PREFLIGHT"
	@echo "making the environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq "pip>=25.1"
	@$(BIN)/pip install -qq --group build
	@touch $@

$(VENV)/.dev: $(VENV)/.environment
	@echo "installing what tests and lint need"
	@$(BIN)/pip install -qq --group test --group lint
	@touch $@

$(VENV)/.bench: $(VENV)/.environment
	@echo "installing what the benchmarks need"
	@$(BIN)/pip install -qq --group bench --group test
	@touch $@

build/clients/%/.installed: tests/clients/requirements/%.txt
	@echo "installing the client $*"
	@rm -rf build/clients/$*
	@$(PYTHON) -m venv build/clients/$*
	@build/clients/$*/bin/pip install -qq --requirement $<
	@touch $@

build/clients/%/.installed: tests/clients/requirements/%.json
	@command -v npm >/dev/null || { echo "npm is not there: install Node.js with npm" >&2; exit 1; }
	@echo "installing $* of Node.js"
	@rm -rf build/clients/$*
	@mkdir -p build/clients/$*
	@cp $< build/clients/$*/package.json
	@cd build/clients/$* && npm install --silent --no-audit --no-fund
	@touch $@

.PHONY: FORCE
FORCE:

define PREFLIGHT
import os, shutil, sys, sysconfig
if sys.version_info < (3, 10):
    sys.exit("pyswf_fast needs Python 3.10 or newer, this is %d.%d: give make PYTHON=..." % sys.version_info[:2])
try:
    import ensurepip, venv
except ImportError:
    sys.exit("this Python has no venv: install it (Debian: apt-get install python3-venv)")
compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
if shutil.which(compiler) is None:
    sys.exit("there is no C compiler (%s): install one (Debian: apt-get install gcc libc6-dev)" % compiler)
if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
    sys.exit("Python.h is not there: install Python's headers (Debian: apt-get install python3-dev)")
endef
export PREFLIGHT

# The commands to remember. `make demo` and `make test` set up everything that they need.

VENV := .venv/bin
PORT ?= 8080
CARDS ?= 10000
TORN ?= 1000
SECONDS ?= 60
MINUTES ?= 60
CUTS ?= 20000
POINTS ?= 40
TOWNS ?= 24
BOARD ?= pi-4
KIND ?= tap
DISPLAYS := $(patsubst %,tests/image/test_%.py,kiosk small_screen)
LOOK := $(if $(filter kiosk small-screen,$(KIND)),tests/image/test_$(subst -,_,$(KIND)).py,tests/image $(DISPLAYS:%=--ignore=%) --prove)
BESIDE := $(addprefix tests/,browser demo device fault pcsc simulation updates)

.PHONY: help demo test test-faults test-image image bundle lint bench fuzz soak soak-cards tables mutants setup lock screenshots clean

help:
	@echo "make demo              the town on this machine, with a page to hold cards on; Ctrl-C ends it"
	@echo "make demo ONCE=1       the same by itself, without a browser, with a verdict at the end"
	@echo "make test              every check and every test"
	@echo "make test-faults       real faults at length: CUTS=20000 of a simulated disk, POINTS=40 moments at which processes are struck"
	@echo "make image             an image for a card, in build/image: BOARD=pi-4 KIND=tap; TWICE=1 builds it again and compares"
	@echo "make bundle            a signed update of it: CERTIFICATE=… KEY=… KEYRING=… (docs/updates.md)"
	@echo "make test-image        the same, and then it is started on an emulated machine, tried, updated, and its power cut: under an hour"
	@echo "make test-image KIND=kiosk   or small-screen: what is on its display, looked at from outside"
	@echo "make lint              style, types, walls between the rooms"
	@echo "make bench             measurements, each as a ratio to a limit of this machine"
	@echo "make bench ONLY=load   a country's taps: the backlog of a day of TOWNS=24 of its 1741 towns; all of them take hours"
	@echo "make soak MINUTES=60   a town at ten times its peak: what its centre loses, how it slows down, how it swells"
	@echo "make soak-cards        CARDS=10000 come and go through a real pcscd, TORN=1000 of them torn away; what is left over"
	@echo "make fuzz SECONDS=60   each parser fed with noise for so long"
	@echo "make tables            docs/faults.md and docs/threats.md, written anew from the markers of the tests"
	@echo "make mutants           a hundred bugs, planted one at a time, and who finds each; writes docs/mutants.md; takes hours"
	@echo "make screenshots       the pictures in the README"
	@echo "make lock              pin the requirements anew"

setup:
	@scripts/setup test

demo:
	@scripts/setup demo
	@$(VENV)/python -m demo $(if $(ONCE),--once) --port $(PORT)

# Side by side two halves of the tests take half of the time. Ctrl-C has to end the one in the background, too.
test: setup
	@echo "beside these, and shown below them: $(BESIDE), and the style"
	@$(MAKE) --no-print-directory lint >.venv/lint.log 2>&1 & lint=$$!; \
	env --default-signal=INT $(VENV)/python -m pytest $(BESIDE) >.venv/beside.log 2>&1 & beside=$$!; \
	$(VENV)/python -m pytest tests $(BESIDE:%=--ignore=%); here=$$?; \
	wait $$beside; there=$$?; cat .venv/beside.log; \
	wait $$lint; linted=$$?; cat .venv/lint.log; exit $$((here + there + linted))

test-faults: setup
	$(VENV)/python -m pytest tests -m fault --cuts $(CUTS) --points $(POINTS) -q

image:
	@scripts/setup image
	@$(VENV)/python image-build/build.py --board $(BOARD) --kind $(KIND) $(if $(KEYRING),--keyring $(KEYRING)) $(if $(KERNEL),--kernel $(KERNEL)) $(if $(TWICE),--twice)

bundle:
	@$(VENV)/python image-build/bundle.py machitap-$(BOARD)-$(KIND) --certificate $(CERTIFICATE) --key $(KEY) --authority $(KEYRING)

test-image: image
	$(VENV)/python -m pytest -m image $(LOOK)

lint: setup
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports

bench: setup
	@$(VENV)/python -m bench $(ONLY) --towns $(TOWNS)

soak: setup
	@mkdir -p var
	@$(VENV)/python -m bench.soak "$$(mktemp -d var/soak-XXXXXX)" --minutes $(MINUTES)

soak-cards: setup
	@mkdir -p var
	$(VENV)/python -m tests.pcsc.soak "$$(mktemp -d var/soak-XXXXXX)" --cards $(CARDS) --torn $(TORN) --judge

fuzz: setup
	@$(VENV)/python -m tests.fuzz $(SECONDS)

tables: setup
	@$(VENV)/python -m tests.tables

mutants: setup
	@$(VENV)/python -m tests.mutants --page

screenshots: setup
	$(VENV)/python scripts/screenshots.py

lock:
	scripts/lock

clean:
	rm -rf .venv var build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

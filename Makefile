# Two commands do everything: `make demo` and `make test`.
SHELL := /bin/sh
PYTHON := .venv/bin/python
# Debian's own Python where it is new enough: it is built with profiles, which makes it a quarter faster than one that is not.
SYSTEM_PYTHON := $(shell /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo /usr/bin/python3 || echo python3)
COLLECTIONS := .venv/collections/ansible_collections/asgi
VERSION := $(shell sed -n 's/^version: //p' galaxy.yml)
ARTIFACT := build/asgi-deploy-$(VERSION).tar.gz
INSTALLED := $(CURDIR)/.cache/collections
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# For each what certbot's plugin needs in addition to certbot; the role installs the one that is asked for.
DNS_PROVIDERS := cloudflare digitalocean dnsimple dnsmadeeasy gehirn google linode luadns nsone ovh rfc2136 route53 sakuracloud
SANITY := build/sanity
UNITS := build/units
PYTHON_VERSION = $(shell $(CURDIR)/$(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
# Of ansible-core, each with the oldest Python that its lock is for.
CORES := 2.18=3.11 2.19=3.11 2.20=3.12 2.21=3.12
# What `make lint` runs side by side, the longest first; each is a target of its own, too.
LINTS := lint-ansible lint-mypy lint-plugins lint-yaml lint-layers lint-words lint-places lint-changelog lint-history lint-ruff lint-format
TIMED = @$(PYTHON) -m tests.project.times $@
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help setup lock demo demo-shell demo-down test lint $(LINTS) docs site unit build molecule faults matrix versions projects your-ci soak sanity importer ansible-units \
  test-vm lynis bench bench-against bench-serving clean

help: ## Show what there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: .venv/ready ## Install the tools into .venv

.venv/ready: requirements-dev.txt
	@$(SYSTEM_PYTHON) -c 'import ensurepip, venv' 2>/dev/null && which git nft openssl ss systemd-analyze >/dev/null || \
	  { $(SUDO) apt-get update -q && $(SUDO) apt-get install -qy --no-install-recommends git iproute2 nftables openssl python3-venv systemd; }
	$(SYSTEM_PYTHON) -m venv --clear .venv
	@.venv/bin/pip install -q --disable-pip-version-check "$$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements-dev.txt)"
	.venv/bin/uv pip sync -q --require-hashes --compile-bytecode --python $(PYTHON) requirements-dev.txt
	@mkdir -p $(COLLECTIONS) && ln -sfn ../../../.. $(COLLECTIONS)/deploy
	@touch $@

lock: .venv/ready ## Pin the newest versions of what the requirements files ask for
	for file in requirements-dev tests/project/importer roles/certificate/files/certbot roles/app/files/server; do \
	  .venv/bin/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --no-emit-index-url --no-emit-find-links $$file.in -o $$file.txt || exit; done
	cd roles/certificate/files && for name in $(DNS_PROVIDERS); do \
	  echo certbot-dns-$$name | $(CURDIR)/.venv/bin/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url --no-emit-find-links --constraints certbot.txt \
	    $$(sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package \1/p' certbot.txt) - -o dns/$$name.txt || exit; done
	for core in $(CORES); do \
	  echo "ansible-core==$${core%=*}.*" | .venv/bin/uv pip compile -q --upgrade --universal --python-version $${core#*=} --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url --no-emit-find-links - tests/matrix/units.in -o tests/matrix/core-$${core%=*}.txt || exit; done

demo: setup ## Take the example application to HTTPS on a throw-away host
	@$(PYTHON) -m tests.demo up

demo-shell: setup ## Root shell on the demo's host; CMD='...' runs one command
	@$(PYTHON) -m tests.lab shell --lab demo web1 $(if $(CMD),-- '$(CMD)')

demo-down: setup ## Remove the demo's host and all that it left
	@$(PYTHON) -m tests.demo down

test: setup ## Everything that CI runs, and where the time went; LANE=2 runs one lane of it
	@$(PYTHON) -m tests.project.suite $(LANE)

lint: setup ## Style, types, and the rules of Ansible
	@$(MAKE) --no-print-directory --keep-going --jobs=$$(nproc) --output-sync=target $(LINTS)

lint-ansible: setup
	$(TIMED) ansible-lint --strict

lint-mypy: setup
	$(TIMED) mypy -p ansible_collections.asgi.deploy.plugins -p asgi_deploy_runtime -p tests

lint-plugins: setup
	$(TIMED) antsibull-docs lint-collection-docs --plugin-docs .

lint-yaml: setup
	$(TIMED) yamllint --strict .

lint-changelog: setup
	$(TIMED) antsibull-changelog lint

lint-ruff: setup
	$(TIMED) ruff check

lint-format: setup
	$(TIMED) ruff format --check

lint-places: setup
	$(TIMED) $(PYTHON) -m tests.project.places

lint-history: setup
	$(TIMED) $(PYTHON) -m tests.project.history

lint-words: setup
	$(TIMED) $(PYTHON) -m tests.project.words

lint-layers: setup
	$(TIMED) env PYTHONPATH=.venv/collections lint-imports --no-cache --no-logo

docs: setup ## The pages that are made from options and tables
	PYTHONPATH=.venv/collections $(PYTHON) -m tests.project.docs

site: setup ## The documentation as a site, in build/site
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict

unit: setup ## Decisions, templates, and the servers without a host
	@# Half of their time is waiting for servers.
	$(PYTHON) -m pytest --numprocesses=$$(( 2 * $$(nproc) ))

versions: setup ## Servers in each version that applications may pin
	$(PYTHON) -m pytest -m "campaign or not campaign" --numprocesses=$$(( 2 * $$(nproc) )) tests/runtime/test_versions.py

build: setup ## The artifact that ansible-galaxy installs
	@rm -rf build $(INSTALLED)
	$(PYTHON) -m tests.project.artifact build
	ANSIBLE_COLLECTIONS_PATH=$(INSTALLED) ansible-galaxy collection install $(ARTIFACT) --collections-path $(INSTALLED)

molecule: build ## Roles on real hosts, from the installed artifact; SCENARIO="web docs" runs some
	ANSIBLE_COLLECTIONS_PATH=$(INSTALLED) $(PYTHON) -m tests.integration.lanes $(SCENARIO)

faults: build ## Every broken release, a kill at every step, and each kind of drift, on real hosts
	$(PYTHON) -m tests.integration.hosts up deploy release processes
	ANSIBLE_COLLECTIONS_PATH=$(INSTALLED) $(PYTHON) -m pytest -m "campaign or not campaign" \
	  tests/integration/release/test_broken.py tests/integration/release/test_kills.py tests/integration/processes \
	  tests/integration/deploy/test_runs.py; \
	  status=$$?; $(PYTHON) -m tests.integration.hosts down; exit $$status

matrix: build ## Every ansible-core against every Debian; CORE="2.18 2.21" runs some, SCENARIOS="release web" those on every Debian
	$(if $(SCENARIOS),ANSIBLE_COLLECTIONS_PATH=$(INSTALLED) $(PYTHON) -m tests.matrix.scenarios $(SCENARIOS),$(PYTHON) -m tests.matrix $(ARTIFACT) $(CORE))

projects: build ## Small applications in every style of packaging, released on Debian 12 and 13; PROJECTS="uv flat" tries some
	ANSIBLE_COLLECTIONS_PATH=$(INSTALLED) $(PYTHON) -m tests.campaigns.projects

your-ci: setup ## The scenario that users copy from examples/molecule, in a repository of its own
	$(PYTHON) -m tests.campaigns.your_ci

soak: build ## Switches, reloads, renewals, recycling and kills under two clients; SOAK=--long for many
	ANSIBLE_COLLECTIONS_PATH=$(INSTALLED) $(PYTHON) -m tests.campaigns.soak $(SOAK)

sanity: build ## What ansible-test asks of a collection that is published
	@rm -rf $(SANITY) && mkdir -p $(SANITY)/ansible_collections/asgi/deploy $(SANITY)/.ansible/test/cache
	@tar -xzf $(ARTIFACT) -C $(SANITY)/ansible_collections/asgi/deploy
	@# In place of the script that it would download: pip comes with Python.
	@version=$$(sed -n "s/^ *pip='\(.*\)',$$/\1/p" .venv/lib/python3*/site-packages/ansible_test/_internal/python_requirements.py) && \
	  printf 'import ensurepip\nensurepip.bootstrap()\n' > "$(SANITY)/.ansible/test/cache/get_pip_$$(echo "$$version" | tr . _).py"
	@git init -q $(SANITY)/ansible_collections/asgi/deploy # a tree of its own, as this one ignores build/
	cd $(SANITY)/ansible_collections/asgi/deploy && HOME=$(CURDIR)/$(SANITY) ansible-test sanity --color no --python $(PYTHON_VERSION)

importer: build ## What Galaxy checks of a collection that is uploaded
	.venv/bin/uv venv -q --allow-existing .cache/importer
	.venv/bin/uv pip sync -q --require-hashes --python .cache/importer/bin/python tests/project/importer.txt
	cd build && PATH=$(CURDIR)/.cache/importer/bin:$$PATH GALAXY_IMPORTER_CHECK_REQUIRED_TAGS=true python -m galaxy_importer.main $(notdir $(ARTIFACT))

ansible-units: build ## The unit tests by ansible-test, each in a process of its own, next to the artifact's files
	@rm -rf $(UNITS) && mkdir -p $(UNITS)/ansible_collections/asgi/deploy/.venv
	@git ls-files --cached --others --exclude-standard | tar -c -T - | tar -x -C $(UNITS)/ansible_collections/asgi/deploy
	@tar -xzf $(ARTIFACT) -C $(UNITS)/ansible_collections/asgi/deploy
	@ln -s $(CURDIR)/$(UNITS) $(UNITS)/ansible_collections/asgi/deploy/.venv/collections
	@git init -q $(UNITS)/ansible_collections/asgi/deploy
	cd $(UNITS)/ansible_collections/asgi/deploy && HOME=$(CURDIR)/$(UNITS) ansible-test units --color no --python $(PYTHON_VERSION)

test-vm: build ## The playbook on a virtual machine with a kernel of its own, and its reboot
	ANSIBLE_COLLECTIONS_PATH=$(INSTALLED) $(PYTHON) -m tests.campaigns.vm

lynis: build ## The index of lynis on bare hosts, and on hardened ones
	ANSIBLE_COLLECTIONS_PATH=$(INSTALLED) $(PYTHON) -m tests.campaigns.lynis

bench: build ## What runs cost, against the raw cost and the usual way; BENCH=--write writes docs/speed.md
	ANSIBLE_COLLECTIONS_PATH=$(INSTALLED) $(PYTHON) -m tests.bench.playbook $(BENCH)

bench-against: setup ## Processor time of runs, releases and requests, in pairs with another commit: COMMIT=60c1c57
	$(PYTHON) -m tests.bench.against $(COMMIT)

bench-serving: build ## Requests and handshakes per second and memory, against the guide's way; BENCH=--write writes docs/serving.md
	ANSIBLE_COLLECTIONS_PATH=$(INSTALLED) $(PYTHON) -m tests.bench.serving $(BENCH)

clean: ## Remove what was made here; .venv stays
	rm -rf build .cache .ansible .hypothesis .mypy_cache .ruff_cache

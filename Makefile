# Lifeboat: everything is done through this file. `make` lists the targets.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Two targets may install into the same environment: one after the other, whatever -j says.
.NOTPARALLEL:

BIN := .venv/bin
SAM := .venv-sam/bin/sam
PAGES := functions/pages

# What this machine's environment says to Python, uv and pip is for other programs: where they find modules, which
# environment is active, where packages go. One such variable can keep every Python from starting. (The name of the
# Python to use, PYTHON, stays.)
unexport $(filter-out PYTHON PYTHONUNBUFFERED,$(filter PYTHON%,$(.VARIABLES))) VIRTUAL_ENV CONDA_PREFIX \
	PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT UV_PYTHON UV_SYSTEM_PYTHON UV_PROJECT_ENVIRONMENT BASH_ENV ENV

# onnxruntime sends telemetry on Linux unless told before its import.
export ORT_DISABLE_TELEMETRY := 1
export PYTHONUNBUFFERED := 1
export SAM_CLI_TELEMETRY := 0
# What template.yaml calls an architecture. Exported: SAM calls this file again for each function.
export ARCHITECTURE ?= x86_64

# What is meant for a command stands on make's command line; a variable of the environment may be another program's, or of
# the make that runs the tests.
ifneq ($(origin ARGS),command line)
override ARGS :=
endif

# $(call given,NAME,--name): the option with what NAME= says on the command line. A variable of the environment does
# not count: some systems have one called NAME.
given = $(if $(filter command,$(origin $(1))),$(2) "$$$(1)")
OPTIONS = $(call given,NAME,--name) $(call given,TARGET,--target) $(call given,POSITIVE,--positive) $(call given,SCHEMA,--schema) \
	$(call given,MODEL,--model) $(call given,SCOPES,--scopes) $(call given,NOTE,--note) $(call given,MODELS,--models) \
	$(call given,DAYS,--days) $(call given,STAGE,--stage) $(call given,ROLE,--role) $(call given,ROWS,--rows) \
	$(call given,PARAMETERS,--parameters) $(call given,TAGS,--tags) $(call given,AGAINST,--against)
needs = test -n $(if $(filter command,$(origin $(1))),"$$$(1)","") || { echo 'Which $(2)? make $@ $(3)' >&2; exit 2; }

.PHONY: help run reset demo demo-drift model upload score schema key login models train evaluate score-here wheels mlflow-wheels image \
	scale track build sbom release invoke-predict invoke-retrain start-api deploy destroy check docs test test-long test-sam test-track test-image \
	test-deploy test-store test-pages pictures test-api test-faults test-arm64 test-fuzz test-fresh openapi bench lint lint-pages \
	format validate lock vendor clean

help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-zA-Z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo

# ---- Environments: `installed-dev` is .venv with what its lock says, made where it is missing. Any Python from 3.11 on
# that really runs will do to look (the shim of a version manager can exist and fail).
PYTHONS := python3.13 python3.12 python3.11 python3
installed-run installed-scale installed-dev installed-sam installed-mlflow installed-docs:
	@for python in $(BIN)/python "$$PYTHON" $(PYTHONS); do \
		"$$python" -I -S -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && \
			exec "$$python" -I functions/local/tools/installation.py $(@:installed-%=%) $(PYTHONS); \
	done; \
	echo 'Lifeboat needs Python 3.11 or later; none was found as $(PYTHONS).' >&2; \
	echo 'Install one, or name it: make PYTHON=/path/to/python3.13 ...' >&2; exit 1
.PHONY: installed-run installed-scale installed-dev installed-sam installed-mlflow installed-docs

##@ Use

run: installed-run ## Start the store and the API here, train, score a row, serve until Ctrl-C; what it makes stays [FILE=... as make model] [ARGS="--forget --log-requests --debug predict ..."]
reset: installed-run ## Delete what `make run` has kept (.lifeboat), once it is stopped; asks first [ARGS=--yes]
demo: installed-run ## The same once, then stop: upload, train, certify, promote, score
demo-drift: installed-run ## The circle once: passengers change, the monitor sees it, outcomes come in, a better model follows
login: installed-run ## Print a link that signs in to the pages of a running `make run`, once [ROLE=user, annotator or administrator]
run reset demo demo-drift login:
	@exec $(BIN)/python -m functions.local $@ $(call given,FILE,--file) $(OPTIONS) $(ARGS)

model: installed-run ## A new model of a running `make run`: make model FILE=churn.csv NAME=churn TARGET=churned [POSITIVE=yes] [SCHEMA=churn.json]
	@$(call needs,FILE,file,FILE=churn.csv NAME=churn TARGET=churned)
	@$(call needs,NAME,name,FILE=churn.csv NAME=churn TARGET=churned)
	@exec $(BIN)/python -m functions.local model "$$FILE" $(OPTIONS) $(ARGS)

upload: installed-run ## Another dataset, which retrains the default model or another one: make upload FILE=more.csv [MODEL=churn]
score: installed-run ## Have a file of any size scored by a running `make run`: make score FILE=march.csv [MODEL=churn] [ARGS="--explain --out ..."]
upload score:
	@$(call needs,FILE,file,FILE=more.csv)
	@exec $(BIN)/python -m functions.local $@ "$$FILE" $(OPTIONS) $(ARGS)

schema: installed-run ## Print the schema that a table seems to have, to be edited: make schema FILE=churn.csv TARGET=churned [POSITIVE=yes] > churn.json
	@$(call needs,FILE,file,FILE=churn.csv TARGET=churned)
	@exec $(BIN)/python -m training schema infer "$$FILE" $(OPTIONS) $(ARGS)

key: installed-run ## Make a key: make key SCOPES=predict,read NOTE="who uses it" [MODELS=a,b] [DAYS=90] [STAGE=dev]; or ARGS=list, "revoke ID"
	@$(if $(ARGS),,$(call needs,SCOPES,scopes,SCOPES=predict NOTE="the web shop"))
	@$(if $(ARGS),,$(call needs,NOTE,note on who uses it,SCOPES=predict NOTE="the web shop"))
	@exec $(BIN)/python -m functions.local key $(or $(ARGS),create) $(OPTIONS)

models: installed-run ## List, compare, promote, roll back versions: make models [MODEL=churn] ARGS="rollback --reason ..."
	@exec $(BIN)/python -m functions.local models $(or $(ARGS),$(if $(call given,MODEL,x),list,all)) $(OPTIONS)

train: installed-run ## Train offline; options go in ARGS: make train ARGS=--help
evaluate: installed-run ## Cross-validate on the shipped dataset and print the metrics
train evaluate:
	@exec $(BIN)/python -m training $@ $(ARGS)

score-here: installed-run ## Score files on this machine, by all cores: make score-here ARGS="rows.csv answers.csv [--model churn --store s3://bucket]"
	@exec $(BIN)/python -m training score $(or $(ARGS),--help)

scale: installed-scale ## Install what reads Parquet and trains and scores on several machines: pyarrow, Dask, LightGBM

track: installed-run installed-mlflow ## Show all versions of a running `make run` in a real MLflow on this machine, until Ctrl-C [ARGS="--port 5001"]
	@exec $(BIN)/python -m functions.local.tools.tracking $(ARGS)

##@ Build and deploy

# What pip calls the platforms of the images' libraries: those of Lambda's, so that a version is the same in both.
WHEELS := --python-version 3.13 --implementation cp --abi cp313 --abi abi3 --abi none \
	$(foreach level,2_28 2_27 2_17,--platform manylinux_$(level)_x86_64) --platform manylinux2014_x86_64
# $(call fetch-wheels,folder,locks): what the locks name for those platforms, whole or not at all.
fetch-wheels = mkdir -p build && rm -rf $(1).new && $(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps \
	--require-hashes --only-binary :all: $(WHEELS) --dest $(1).new $(foreach lock,$(2),--requirement $(lock)) \
	&& rm -rf $(1) && mv $(1).new $(1)
wheels: installed-run ## Fetch the libraries of the images, by their hashes, into build/wheels
	@$(call fetch-wheels,build/wheels,training/requirements.txt requirements.txt)

mlflow-wheels: installed-run ## Fetch those of the image of MLflow, which compose.yaml builds, into build/mlflow-wheels
	@$(call fetch-wheels,build/mlflow-wheels,requirements-mlflow.txt)

image: wheels ## Build the image of trainings and scoring jobs (lifeboat-training); needs docker [ARGS="--build-arg BASE=..."]
	@docker build --tag lifeboat-training $(ARGS) .

BUNDLES := .aws-sam/build
build: installed-run installed-sam ## Build the bundle of every function with SAM and weigh them; for arm64: ARCHITECTURE=arm64
	@$(SAM) build --parameter-overrides Architecture=$(ARCHITECTURE)
	@exec $(BIN)/python -m functions.local.bundle report $(BUNDLES)

# SAM's makefile build method calls this with the function's id and the folder to fill; functions/local/bundle does it.
build-%Function: installed-run
	@exec $(BIN)/python -m functions.local.bundle build $*Function "$(ARTIFACTS_DIR)"

sbom: installed-dev build ## Write a bill of materials (CycloneDX) of each bundle into build/sbom
	@exec $(BIN)/python -m functions.local.bundle sbom $(BUNDLES) build/sbom

release: installed-dev build ## Write the bundles, their bills and checksums into build/release: make release TAG=v0.1.0 [ARCHITECTURE=arm64]
	@$(call needs,TAG,tag,TAG=v0.1.0)
	@exec $(BIN)/python -m functions.local.bundle release $(BUNDLES) build/release --tag "$$TAG"

# The functions run in SAM's containers and use the store of a `make run` in another terminal.
invoke-predict: installed-run installed-sam ## Score the row of an event file with the built bundle; needs docker and `make run`
	@exec $(BIN)/python -m functions.local.tools.sam invoke PredictFunction --event tests/events/http_predict.json $(ARGS)

invoke-retrain: installed-run installed-sam ## Retrain on the upload of an event file, in the same way
	@exec $(BIN)/python -m functions.local.tools.sam invoke RetrainFunction --event tests/events/s3_put.json $(ARGS)

start-api: installed-run installed-sam ## Serve the API from the built bundles at port 3000 until Ctrl-C, in the same way
	@exec $(BIN)/python -m functions.local.tools.sam start-api $(ARGS)

# Credentials and region are those of the caller's own AWS environment. samconfig.toml is read and never written.
deploy: installed-run installed-sam ## Build and deploy a stage, make its first key: make deploy STAGE=dev [PARAMETERS="AlarmEmail=me@example.org"] [TAGS="team=crew"] [ARGS=--no-key]
	@$(call needs,STAGE,stage,STAGE=dev)
	@$(BIN)/python -m functions.local.deployment check $(OPTIONS) $(ARGS)
	@$(MAKE) build
	@exec $(BIN)/python -m functions.local.deployment deploy $(OPTIONS) $(ARGS)

destroy: installed-run ## Delete a stage for good, with its data and keys; says what it deletes and asks: make destroy STAGE=dev [ARGS=--yes]
	@$(call needs,STAGE,stage,STAGE=dev)
	@exec $(BIN)/python -m functions.local.deployment destroy $(OPTIONS) $(ARGS)

##@ Develop

check: installed-dev ## Lint, types, import rules and the tests of what changed against main, in half a minute [ARGS="--against v1 --seconds 60"]
	@exec $(BIN)/python -m tests.check $(ARGS)

# Nothing is fetched: once its packages are installed, the site is built without a network. What is written in docs/ is
# plain Markdown; the pages of reference are made first, from openapi.json, `--help` and this file.
docs: installed-run installed-docs ## Build the site of docs/ into build/docs; a warning, such as a broken link, is an error
	@$(BIN)/python -m functions.local.reference docs/reference
	@rm -rf build/docs && .venv-docs/bin/sphinx-build --fail-on-warning --keep-going --quiet \
		--doctree-dir build/doctrees $(ARGS) docs build/docs
	@echo 'The site is in build/docs: open build/docs/index.html'

# A file's tests share what they start: they go to one worker, in the order of testpaths. A test that hangs fails.
BY_FILE := --numprocesses auto --dist loadfile --no-loadscope-reorder
WITHIN := -o faulthandler_timeout=600 -o faulthandler_exit_on_timeout=true
IN_MEMORY := -p tests.check.files_in_memory
COVERAGE := build/coverage.json
LEAST := 90
# Of the tests themselves SlipCover measures no branches; it says so each time.
MEASURED := -W 'ignore:Unable to activate pytest branch coverage' -m slipcover --json --out $(COVERAGE)
test: $(if $(ARGS),installed-dev,lint) ## Lint, types, import rules, template and all tests but the long ones, with coverage; some tests only, without all that: ARGS=tests/local
	@echo '== tests'
	@mkdir -p build
	@$(BIN)/python $(if $(ARGS),,$(MEASURED)) -m pytest $(or $(ARGS),-m "not long" --durations=10 $(BY_FILE)) $(WITHIN) $(IN_MEMORY)
	@$(if $(ARGS),,$(BIN)/python -m slipcover --merge $(COVERAGE) --out $(COVERAGE) --fail-under $(LEAST) || \
		{ echo 'The tests ran less than $(LEAST) % of lines and branches: the table above says what they left out.' >&2; exit 1; })

test-long: installed-dev ## The tests that `make test` leaves out: whole runs, foreign servers, processes killed at each write, races
	@$(BIN)/python -m pytest $(WITHIN) -m long -p no:cacheprovider -q $(BY_FILE) $(ARGS)

# Each has a folder of its own, or what ARGS names of it. Where one cannot run, because there is no container engine,
# browser, emulator or Python 3.13, and none can be had, pytest exits with 77 (which make turns into its own 2) and leaves
# the reason in build/test-NAME-cannot-run.
test-sam: installed-dev installed-sam build ## Run the built bundles in Lambda's runtime emulator: retrain, predict and the API, by SAM
test-deploy: installed-dev installed-sam build ## Deploy the bundles by SAM into an emulator of AWS on this machine, use all of it, judge its roles, break it
test-image: installed-dev wheels mlflow-wheels ## Build the images without a network; train in one, look into its layers, compose the platform of all
test-arm64: installed-dev ## Run the predict bundle for arm64, emulated, with the processor's files hidden as in Lambda; as root
test-faults: installed-dev ## Break store, SSM, memory and disk under the functions, and count what becomes of requests; 4 minutes
test-pages: installed-dev ## Use the pages in a browser as each role, look at them with axe, check their types; generated clients predict
test-fuzz: installed-dev ## Try the functions on made-up events, tables, tensors and logs for a time: make test-fuzz MINUTES=30 [SEED=7]
test-api: installed-dev ## Send the API thousands of requests that schemathesis makes up from openapi.json: make test-api EXAMPLES=100
test-fresh: installed-dev ## Run the README's first command from a clone in a Debian with Python, make and git alone; as root
test-sam test-deploy test-image test-arm64 test-faults test-fresh: SUITE = tests/$(@:test-%=%)
# A test that hangs ends the run after ten minutes. Pictures of the pages: build/pages.
test-pages: SUITE = tests/browser $(WITHIN)
# `make test` has a short part of it, the same each time. SEED= repeats what a run has printed.
test-fuzz: SUITE = tests/fuzz --numprocesses 2
test-fuzz: export FUZZ_MINUTES = $(or $(MINUTES),3)
test-fuzz: export FUZZ_SEED = $(SEED)
test-api: SUITE = tests/stories/test_schemathesis.py
test-api: export EXAMPLES ?= 100
test-sam test-deploy test-image test-arm64 test-faults test-pages test-fuzz test-api test-fresh:
	@$(BIN)/python -m pytest $(if $(findstring tests/,$(ARGS)),$(filter-out tests/%,$(SUITE)),$(SUITE)) $(ARGS) -p no:cacheprovider -q -s

# A bucket is made in it, and deleted. The tests themselves take no credentials from the environment.
test-store: installed-dev ## Ask a store of your own for all that Lifeboat asks: make test-store ENDPOINT=http://... , its keys in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
	@$(call needs,ENDPOINT,store,ENDPOINT=http://127.0.0.1:9000)
	@STORE_ENDPOINT="$$ENDPOINT" STORE_ACCESS_KEY="$$AWS_ACCESS_KEY_ID" STORE_SECRET_KEY="$$AWS_SECRET_ACCESS_KEY" \
		$(BIN)/python -m pytest tests/core/storage/test_contract.py -p no:cacheprovider -q $(ARGS)

# The packages are installed by the tests. Where they cannot be had, it exits with 77, and leaves the reason, as above.
test-track: installed-dev ## Let the real MLflow read versions, be filled with them, and fail: needs .venv-mlflow, 750 MB
	@$(BIN)/python -m pytest $(or $(ARGS),tests/mlflow) -p no:cacheprovider -q

bench: installed-run ## Measure cold start, latency, throughput, batches, retrain, cost; or some: make bench ARGS="cold warm" [AGAINST=../before]
	@exec $(BIN)/python -m tests.bench $(ARGS) $(OPTIONS)

bench-NAME: installed-dev ## Measure something else, by itself: peers, tables, gate, drift, races, scale, ...: make bench ARGS=--help lists them
	@exec $(BIN)/python -m tests.bench --help

# What they stand beside, such as pandas, is in the environment of developers alone.
bench-sam: build
bench-%: installed-dev
	@exec $(BIN)/python -m tests.bench $* $(ARGS) $(OPTIONS)

lint: installed-dev ## Everything `make test` checks without running the code
	@exec $(BIN)/python -m tests.check --lint

lint-pages: $(PAGES)/node_modules/.package-lock.json ## Check the types of the pages' scripts against openapi.json, and openapi.json itself; needs npm
	@npm --prefix $(PAGES) run --silent check

format: installed-dev ## Format the code and mend what can be mended
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

validate: installed-dev installed-sam ## Check template.yaml with cfn-lint and with the SAM command line (no AWS account needed)
	@$(BIN)/cfn-lint template.yaml
	@$(SAM) validate --lint --region us-east-1 --template-file template.yaml
	@$(BIN)/python -m pytest tests/sam/test_deployed_template.py -p no:cacheprovider -q

openapi: installed-run ## Write openapi.json, the document of the whole API, from what the functions say of themselves
	@exec $(BIN)/python -m functions.local openapi

lock: installed-run ## Make the lock files from pyproject.toml; newer versions: make lock ARGS=--upgrade
	@exec $(BIN)/python -m functions.local.tools.locks $(ARGS)

pictures: installed-dev ## Take the pictures of the pages in docs/pages anew, in a browser, over what the demo makes
	@PICTURES=yes $(BIN)/python -m pytest tests/browser/test_pictures.py -p no:cacheprovider -q -s

# The libraries that the pages use: from npm, by its lock, into the folder that is served and committed.
vendor: installed-run $(PAGES)/node_modules/.package-lock.json ## Copy the libraries of the pages from npm into functions/pages/static/vendor
	@$(BIN)/python -m functions.local.tools.vendor

$(PAGES)/node_modules/.package-lock.json: $(PAGES)/package-lock.json
	@npm --prefix $(PAGES) ci --ignore-scripts --silent

clean: ## Remove the environments and everything made by the other targets
	rm -rf .venv .venv-sam .venv-mlflow .venv-docs .venv-deploy build docs/reference .aws-sam .mypy_cache .pytest_cache .ruff_cache .import_linter_cache \
		.hypothesis
	find functions training tests -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

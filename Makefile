# Lifeboat: everything is done through this file. `make` lists the targets.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Two targets may install into the same environment: one after the other, whatever -j says.
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
SAM_VENV := .venv-sam
MLFLOW_VENV := .venv-mlflow
CODE := functions training tests
PAGES := functions/pages

# What this machine's environment says to Python, uv and pip is for other programs: where they find modules, which
# environment is active, where packages go. One such variable can keep every Python from starting. `unexport` takes
# them from recipes, not from $(shell), which begins with PLAINLY. (The name of the Python to use, PYTHON, stays.)
FOREIGN := $(filter-out PYTHON PYTHONUNBUFFERED,$(filter PYTHON%,$(.VARIABLES))) VIRTUAL_ENV CONDA_PREFIX \
	PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT UV_PYTHON UV_SYSTEM_PYTHON UV_PROJECT_ENVIRONMENT BASH_ENV ENV
unexport $(FOREIGN)
PLAINLY := env $(addprefix -u ,$(FOREIGN))

# The first Python that really runs and is 3.11 or later (a pyenv shim can exist and fail). Looked for only when
# an environment is to be made. To choose another: make PYTHON=/path/to/python3.12 ...
AT_LEAST_3_11 := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do $(PLAINLY) \
	"$$p" -c '$(AT_LEAST_3_11)' >/dev/null 2>&1 && { echo "$$p"; break; }; done)

# onnxruntime sends telemetry on Linux unless told before its import.
export ORT_DISABLE_TELEMETRY := 1
export PYTHONUNBUFFERED := 1
export SAM_CLI_TELEMETRY := 0

##@ Use

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo

# $(call given,NAME,--name): the option with what NAME= says on the command line. A variable of the environment does
# not count: some systems have one called NAME.
given = $(if $(filter command,$(origin $(1))),$(2) "$$$(1)")
TABLE = $(call given,FILE,--file) $(call given,NAME,--name) $(call given,TARGET,--target) $(call given,SCHEMA,--schema)
needs = test -n $(if $(filter command,$(origin $(1))),"$$$(1)","") || { echo 'Which $(2)? make $@ $(3)' >&2; exit 2; }
CHURN := FILE=churn.csv NAME=churn TARGET=churned

.PHONY: run
run: $(VENV)/.run ## Start the store and the API here, train, score a row, serve until Ctrl-C; what it makes stays [FILE=... as make model] [ARGS="--forget --log-requests --allow-origin ..."]
	@exec $(BIN)/python -m functions.local run $(TABLE) $(ARGS)

.PHONY: reset
reset: $(VENV)/.run ## Delete what `make run` has kept (.lifeboat), once it is stopped; asks first [ARGS=--yes]
	@exec $(BIN)/python -m functions.local reset $(ARGS)

.PHONY: demo
demo: $(VENV)/.run ## The same once, then stop: upload, train, certify, promote, score
	@exec $(BIN)/python -m functions.local demo $(TABLE) $(ARGS)

.PHONY: demo-drift
demo-drift: $(VENV)/.run ## The circle once: passengers change, the monitor sees it, outcomes come in, a better model follows
	@exec $(BIN)/python -m functions.local demo-drift $(ARGS)

.PHONY: model
model: $(VENV)/.run ## A new model of a running `make run`: make model FILE=churn.csv NAME=churn TARGET=churned [SCHEMA=churn.json]
	@$(call needs,FILE,file,$(CHURN))
	@$(call needs,NAME,name,$(CHURN))
	@exec $(BIN)/python -m functions.local model "$$FILE" $(call given,NAME,--name) $(call given,TARGET,--target) \
		$(call given,SCHEMA,--schema)

.PHONY: upload
upload: $(VENV)/.run ## Another dataset, which retrains the default model or another one: make upload FILE=more.csv [MODEL=churn]
	@$(call needs,FILE,file,FILE=more.csv)
	@exec $(BIN)/python -m functions.local upload "$$FILE" $(call given,MODEL,--model)

.PHONY: score
score: $(VENV)/.run ## Have a file of any size scored by a running `make run`: make score FILE=march.csv [MODEL=churn] [ARGS="--explain --out ..."]
	@$(call needs,FILE,file,FILE=march.csv)
	@exec $(BIN)/python -m functions.local score "$$FILE" $(call given,MODEL,--model) $(ARGS)

.PHONY: schema
schema: $(VENV)/.run ## Print the schema that a table seems to have, to be edited: make schema FILE=churn.csv TARGET=churned > churn.json
	@$(call needs,FILE,file,FILE=churn.csv TARGET=churned)
	@exec $(BIN)/python -m training schema infer "$$FILE" $(call given,TARGET,--target) $(ARGS)

.PHONY: key
key: $(VENV)/.run ## Make a key: make key SCOPES=predict,read NOTE="who uses it" [MODELS=a,b] [DAYS=90] [STAGE=dev]; or ARGS=list, "revoke ID"
	@exec $(BIN)/python -m functions.local key $(or $(ARGS),create --scopes "$$SCOPES" --note "$$NOTE" \
		$(call given,MODELS,--models) $(call given,DAYS,--days)) $(call given,STAGE,--stage)

.PHONY: login
login: $(VENV)/.run ## Print a link that signs in to the pages of a running `make run`, once [ROLE=user, annotator or administrator]
	@exec $(BIN)/python -m functions.local login $(call given,ROLE,--role)

.PHONY: models
models: $(VENV)/.run ## List, compare, promote, roll back versions: make models [MODEL=churn] ARGS="rollback --reason ..."
	@exec $(BIN)/python -m functions.local models \
		$(or $(ARGS),$(if $(call given,MODEL,x),list,all)) $(call given,MODEL,--model)

.PHONY: train
train: $(VENV)/.run ## Train offline; options go in ARGS: make train ARGS=--help
	@exec $(BIN)/python -m training train $(ARGS)

# What pip calls the platforms of the image's libraries: those of Lambda's, so that a version is the same in both.
WHEELS := --python-version 3.13 --implementation cp --abi cp313 --abi abi3 --abi none \
	$(foreach level,2_28 2_27 2_17,--platform manylinux_$(level)_x86_64) --platform manylinux2014_x86_64
.PHONY: wheels
wheels: $(VENV)/.run ## Fetch the libraries of the images, by their hashes, into build/wheels
	@mkdir -p build && rm -rf build/wheels.new && $(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps \
		--require-hashes --only-binary :all: $(WHEELS) --dest build/wheels.new --requirement training/requirements.txt --requirement requirements.txt
	@rm -rf build/wheels && mv build/wheels.new build/wheels

.PHONY: image
image: wheels ## Build the image of trainings and scoring jobs (lifeboat-training); needs docker [ARGS="--build-arg BASE=..."]
	@docker build --tag lifeboat-training $(ARGS) .

.PHONY: scale
scale: $(VENV)/.scale ## Install what reads Parquet and trains and scores on several machines: pyarrow, Dask, LightGBM

.PHONY: score-here
score-here: $(VENV)/.run ## Score files on this machine, by all cores: make score-here ARGS="rows.csv answers.csv [--model churn --store s3://bucket]"
	@exec $(BIN)/python -m training score $(or $(ARGS),--help)

.PHONY: track
track: $(VENV)/.run $(MLFLOW_VENV)/.mlflow ## Show all versions of a running `make run` in a real MLflow on this machine, until Ctrl-C [ARGS="--port 5001"]
	@exec $(BIN)/python -m functions.local.tracking $(ARGS)

.PHONY: evaluate
evaluate: $(VENV)/.run ## Cross-validate on the shipped dataset and print the metrics
	@exec $(BIN)/python -m training evaluate $(ARGS)

##@ Build

# What template.yaml calls an architecture. Exported: SAM calls this file again for each function.
ARCHITECTURE ?= x86_64
export ARCHITECTURE
BUNDLES := .aws-sam/build

.PHONY: build
build: $(VENV)/.run $(SAM_VENV)/.sam ## Build the bundle of every function with SAM and weigh them; for arm64: ARCHITECTURE=arm64
	@$(SAM_VENV)/bin/sam build --parameter-overrides Architecture=$(ARCHITECTURE)
	@exec $(BIN)/python -m functions.local.bundle report $(BUNDLES)

# SAM's makefile build method calls this with the function's id and the folder to fill; functions/local/bundle does it.
build-%Function: $(VENV)/.run
	@exec $(BIN)/python -m functions.local.bundle build $*Function "$(ARTIFACTS_DIR)"

# The functions run in SAM's containers and use the store of a `make run` in another terminal.
.PHONY: invoke-predict
invoke-predict: $(VENV)/.run $(SAM_VENV)/.sam ## Score the row of an event file with the built bundle; needs docker and `make run`
	@exec $(BIN)/python -m functions.local.sam invoke PredictFunction --event tests/events/http_predict.json $(ARGS)

.PHONY: invoke-retrain
invoke-retrain: $(VENV)/.run $(SAM_VENV)/.sam ## Retrain on the upload of an event file, in the same way
	@exec $(BIN)/python -m functions.local.sam invoke RetrainFunction --event tests/events/s3_put.json $(ARGS)

.PHONY: start-api
start-api: $(VENV)/.run $(SAM_VENV)/.sam ## Serve the API from the built bundles at port 3000 until Ctrl-C, in the same way
	@exec $(BIN)/python -m functions.local.sam start-api $(ARGS)

##@ Deploy

# Credentials and region are those of the caller's own AWS environment. samconfig.toml is read and never written.
DEPLOYED = --stage "$$STAGE" $(call given,PARAMETERS,--parameters) $(call given,TAGS,--tags) $(ARGS)
.PHONY: deploy
deploy: $(VENV)/.run $(SAM_VENV)/.sam ## Build and deploy a stage, make its first key: make deploy STAGE=dev [PARAMETERS="AlarmEmail=me@example.org"] [TAGS="team=crew"] [ARGS=--no-key]
	@$(call needs,STAGE,stage,STAGE=dev)
	@$(BIN)/python -m functions.local.deployment check $(DEPLOYED)
	@$(MAKE) build
	@exec $(BIN)/python -m functions.local.deployment deploy $(DEPLOYED)

.PHONY: destroy
destroy: $(VENV)/.run ## Delete a stage for good, with its data and keys; says what it deletes and asks: make destroy STAGE=dev [ARGS=--yes]
	@$(call needs,STAGE,stage,STAGE=dev)
	@exec $(BIN)/python -m functions.local.deployment destroy --stage "$$STAGE" $(ARGS)

##@ Develop

.PHONY: test
test: lint ## Lint, types, import rules, template and every test, with coverage; some tests only: ARGS=tests/local
	@echo '== tests'
	@$(BIN)/python -m pytest --cov --cov-report=term-missing \
		$(if $(ARGS),--cov-fail-under=0 $(ARGS),--numprocesses auto --dist loadfile)

# Where there is neither a container engine nor a way to start one, pytest exits with 77 (which make turns into its
# own 2) and leaves the reason in build/test-sam-cannot-run.
.PHONY: test-sam
test-sam: $(VENV)/.dev $(SAM_VENV)/.sam build ## Run the built bundles in Lambda's runtime emulator: retrain, predict and the API, by SAM
	@$(BIN)/python -m pytest tests/sam --no-cov -p no:cacheprovider -q -s $(ARGS)

# Where MLflow's packages cannot be had, it exits with 77, and leaves the reason, as above.
.PHONY: test-track
test-track: $(VENV)/.dev ## Let the real MLflow read versions, be filled with them, and fail: needs .venv-mlflow, 750 MB
	@rm -f build/test-track-cannot-run
	@$(MAKE) $(MLFLOW_VENV)/.mlflow || { mkdir -p build; \
		echo 'the packages of requirements-mlflow.txt cannot be installed here' > build/test-track-cannot-run; exit 77; }
	@$(BIN)/python -m pytest $(or $(ARGS),tests/mlflow) --no-cov -p no:cacheprovider -q

# As test-sam: where there is no container engine, pytest exits with 77 and leaves the reason in
# build/test-image-cannot-run.
.PHONY: test-image
test-image: $(VENV)/.dev wheels ## Build the training image without a network, train and score in it, look into its layers
	@$(BIN)/python -m pytest tests/image --no-cov -p no:cacheprovider -q -s $(ARGS)

# The same for deploying, where Python 3.13 is not here and cannot be had: build/test-deploy-cannot-run has the reason.
.PHONY: test-deploy
test-deploy: $(VENV)/.dev $(SAM_VENV)/.sam build ## Deploy the bundles by SAM into an emulator of AWS on this machine, use all of it, judge its roles, break it
	@$(BIN)/python -m pytest tests/deploy --no-cov -p no:cacheprovider -q -s $(ARGS)

# A bucket is made in it, and deleted. The tests themselves take no credentials from the environment.
.PHONY: test-store
test-store: $(VENV)/.dev ## Ask a store of your own for all that Lifeboat asks: make test-store ENDPOINT=http://... , its keys in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
	@$(call needs,ENDPOINT,store,ENDPOINT=http://127.0.0.1:9000)
	@STORE_ENDPOINT="$$ENDPOINT" STORE_ACCESS_KEY="$$AWS_ACCESS_KEY_ID" STORE_SECRET_KEY="$$AWS_SECRET_ACCESS_KEY" \
		$(BIN)/python -m pytest tests/core/storage/test_contract.py --no-cov -p no:cacheprovider -q $(ARGS)

# Chromium and npm are installed where they are missing and the caller is root. Where they cannot be, pytest exits with
# 77 and leaves the reason in build/test-pages-cannot-run. A test that hangs ends the run after ten minutes. Pictures of
# the pages: build/pages.
.PHONY: test-pages
test-pages: $(VENV)/.dev ## Use the pages in a browser as each role, look at them with axe, check their types; generated clients predict
	@$(BIN)/python -m pytest $(or $(ARGS),tests/browser) --no-cov -p no:cacheprovider -q -s \
		-o faulthandler_timeout=600 -o faulthandler_exit_on_timeout=true

.PHONY: lint-pages
lint-pages: $(PAGES)/node_modules/.package-lock.json ## Check the types of the pages' scripts against openapi.json, and openapi.json itself; needs npm
	@npm --prefix $(PAGES) run --silent check

.PHONY: test-api
test-api: $(VENV)/.dev ## Send the API thousands of requests that schemathesis makes up from openapi.json: make test-api EXAMPLES=100
	@EXAMPLES=$(or $(EXAMPLES),100) $(BIN)/python -m pytest tests/stories/test_schemathesis.py --no-cov -q -s $(ARGS)

.PHONY: test-faults
test-faults: $(VENV)/.dev ## Break store, SSM, memory and disk under the functions, and count what becomes of requests; 4 minutes
	@$(BIN)/python -m pytest tests/faults --no-cov -p no:cacheprovider -q $(ARGS)

# Where there is no qemu or no Debian for arm64 and none can be had, pytest exits with 77 and leaves the reason in
# build/test-arm64-cannot-run.
.PHONY: test-arm64
test-arm64: $(VENV)/.dev ## Run the predict bundle for arm64, emulated, with the processor's files hidden as in Lambda; as root
	@$(BIN)/python -m pytest tests/arm64 --no-cov -p no:cacheprovider -q -s $(ARGS)

# `make test` has a short part of it, the same each time. SEED= repeats what a run has printed.
.PHONY: test-fuzz
test-fuzz: $(VENV)/.dev ## Try the functions on made-up events, tables, tensors and logs for a time: make test-fuzz MINUTES=30 [SEED=7]
	@FUZZ_MINUTES=$(or $(MINUTES),3) FUZZ_SEED=$(SEED) \
		$(BIN)/python -m pytest $(or $(ARGS),tests/fuzz --numprocesses 2) --no-cov -p no:cacheprovider -q

.PHONY: openapi
openapi: $(VENV)/.run ## Write openapi.json, the document of the whole API, from what the functions say of themselves
	@exec $(BIN)/python -m functions.local openapi

.PHONY: bench
bench: $(VENV)/.run ## Measure cold start, latency, throughput, batches, retrain, cost; or some: make bench ARGS="cold warm" [AGAINST=../before]
	@exec $(BIN)/python -m tests.bench $(ARGS) $(call given,AGAINST,--against)

.PHONY: bench-authorize
bench-authorize: $(VENV)/.run ## Measure whether the time of a refusal tells if the id of a key exists
	@exec $(BIN)/python -m tests.bench.authorize

.PHONY: bench-bytecode
bench-bytecode: $(VENV)/.run ## Measure how much sooner the predict bundle imports with byte-code
	@exec $(BIN)/python -m tests.bench.bytecode

.PHONY: bench-feedback
bench-feedback: $(VENV)/.run ## Let 8 clients report 10,000 outcomes at once, and count what is kept
	@exec $(BIN)/python -m tests.bench.feedback $(ARGS)

.PHONY: bench-growth
bench-growth: $(VENV)/.run ## Measure the monitor and the labelling queue with ten million predictions a day of 50 models; 5 GB of disk
	@exec $(BIN)/python -m tests.bench.growth $(ARGS)

.PHONY: bench-drift
bench-drift: $(VENV)/.run ## Measure how often clean windows raise a drift alarm and which changes are found, by simulation
	@exec $(BIN)/python -m tests.bench.drift $(ARGS)

.PHONY: bench-gate
bench-gate: $(VENV)/.run ## Measure how often models of known quality pass the gate, by simulation
	@exec $(BIN)/python -m tests.bench.gate $(ARGS)

.PHONY: bench-peers
bench-peers: $(VENV)/.run ## Measure Lifeboat beside MLflow, BentoML, LitServe, MLServer, Ray Serve and FastAPI, which it installs; 15 minutes
	@exec $(BIN)/python -m tests.bench.peers $(ARGS)

.PHONY: bench-races
bench-races: $(VENV)/.run ## Let 50 processes promote different versions at once, 20 times
	@exec $(BIN)/python -m tests.bench.races $(ARGS)

.PHONY: bench-store
bench-store: $(VENV)/.run ## Measure how long the store of `make run` takes to be ready, ten times, its processor time and its memory
	@exec $(BIN)/python -m tests.bench.kept_store

.PHONY: bench-tables
bench-tables: $(VENV)/.run ## Measure the champions of public tables beside scikit-learn's plain estimators, on the same folds
	@exec $(BIN)/python -m tests.bench.tables $(ARGS)

.PHONY: bench-scale
bench-scale: scale ## Train on 10 million rows, from CSV and from Parquet, beside pandas and scikit-learn; or: ROWS=1000000
	@exec $(BIN)/python -m tests.bench.scale $(call given,ROWS,--rows) $(ARGS)

.PHONY: bench-dask
bench-dask: scale ## Train on a million rows on two of Dask's workers, twice, beside one machine; or: ROWS=10000000
	@exec $(BIN)/python -m tests.bench.scale.on_dask $(call given,ROWS,--rows) $(ARGS)

.PHONY: bench-scoring
bench-scoring: scale ## Score 10 million rows from CSV to CSV, beside pandas with scikit-learn and MLflow; or: ROWS=1000000
	@exec $(BIN)/python -m tests.bench.scoring $(call given,ROWS,--rows) $(ARGS)

.PHONY: bench-sam
bench-sam: $(VENV)/.run $(SAM_VENV)/.sam build ## Measure the cold start in Lambda's runtime emulator; needs docker, or root to start it
	@exec $(BIN)/python -m tests.bench.sam

.PHONY: lint
lint: $(VENV)/.dev ## Everything `make test` checks without running the code
	@echo '== ruff'
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@echo '== mypy'
	@$(BIN)/mypy
	@echo '== import rules'
	@$(BIN)/lint-imports
	@echo '== cfn-lint'
	@$(BIN)/cfn-lint template.yaml

.PHONY: format
format: $(VENV)/.dev ## Format the code and mend what can be mended
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

.PHONY: validate
validate: $(VENV)/.dev $(SAM_VENV)/.sam ## Check template.yaml with cfn-lint and with the SAM command line (no AWS account needed)
	@$(BIN)/cfn-lint template.yaml
	@$(SAM_VENV)/bin/sam validate --lint --region us-east-1 --template-file template.yaml
	@$(BIN)/python -m pytest tests/sam/test_deployed_template.py --no-cov -p no:cacheprovider -q

# Versions already locked are kept where they still fit. The development lock is made first and holds the others
# to its versions, so that a package has one version everywhere. Environment and configuration files are left out
# of it, so that no mirror's address gets into a lock.
COMPILE = env -u UV_INDEX -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS -u UV_DEFAULT_INDEX \
	-u UV_CONSTRAINT -u UV_OVERRIDE -u UV_EXCLUDE_NEWER -u UV_PRERELEASE -u UV_RESOLUTION -u UV_NO_INDEX \
	$(BIN)/uv --no-config pip compile --quiet --generate-hashes --no-emit-index-url \
	--fork-strategy fewest --custom-compile-command "make lock" $(ARGS)
ANYWHERE = --universal --python-version 3.11
LAMBDA = --python-version 3.13 --python-platform x86_64-manylinux_2_28

.PHONY: lock
lock: $(VENV)/.uv ## Make the lock files from pyproject.toml; newer versions: make lock ARGS=--upgrade
	$(COMPILE) $(ANYWHERE) --group dev -o requirements-dev.txt
	$(COMPILE) $(ANYWHERE) --group local -c requirements-dev.txt -o requirements.txt
	$(COMPILE) $(ANYWHERE) --group scale -c requirements-dev.txt -o requirements-scale.txt
	$(COMPILE) $(ANYWHERE) --group training -c requirements-dev.txt -o training/requirements.txt
	$(COMPILE) $(LAMBDA) --group authorize -c requirements-dev.txt -o functions/authorize/requirements.txt
	$(COMPILE) $(LAMBDA) --group datasets -c requirements-dev.txt -o functions/datasets/requirements.txt
	$(COMPILE) $(LAMBDA) --group feedback -c requirements-dev.txt -o functions/feedback/requirements.txt
	$(COMPILE) $(LAMBDA) --group keys -c requirements-dev.txt -o functions/keys/requirements.txt
	$(COMPILE) $(LAMBDA) --group models -c requirements-dev.txt -o functions/models/requirements.txt
	$(COMPILE) $(LAMBDA) --group monitor -c requirements-dev.txt -o functions/monitor/requirements.txt
	$(COMPILE) $(LAMBDA) --group pages -c requirements-dev.txt -o functions/pages/requirements.txt
	$(COMPILE) $(LAMBDA) --group predict -c requirements-dev.txt -o functions/predict/requirements.txt
	$(COMPILE) $(LAMBDA) --group retrain -c requirements-dev.txt -o functions/retrain/requirements.txt
	@# What it requires of pyarrow and graphql-core is at odds with the larger sets. It trains as retrain does.
	$(COMPILE) $(ANYWHERE) --group mlflow -c functions/retrain/requirements.txt -o requirements-mlflow.txt
	$(COMPILE) $(LAMBDA) --group scoring -c requirements-dev.txt -o functions/scoring/requirements.txt
	$(COMPILE) $(LAMBDA) --group track -c requirements-dev.txt -o functions/track/requirements.txt
	$(COMPILE) $(LAMBDA) --group bench -c requirements-dev.txt -o tests/bench/requirements.txt
	$(COMPILE) $(LAMBDA) --group peer-fastapi -c requirements-dev.txt -o tests/bench/peers/fastapi.txt
	$(COMPILE) $(LAMBDA) --group peer-litserve -c requirements-dev.txt -o tests/bench/peers/litserve.txt
	$(COMPILE) $(LAMBDA) --group peer-mlflow -c requirements.txt -o tests/bench/peers/mlflow.txt
	@# What these require (BentoML of opentelemetry, MLServer of FastAPI) is at odds with the development set.
	$(COMPILE) $(LAMBDA) --group peer-bentoml -o tests/bench/peers/bentoml.txt
	$(COMPILE) $(LAMBDA) --group peer-mlserver -o tests/bench/peers/mlserver.txt
	$(COMPILE) $(LAMBDA) --group peer-ray -o tests/bench/peers/ray.txt
	$(COMPILE) $(LAMBDA) --group reader-obstore -o tests/bench/readers/obstore.txt
	$(COMPILE) $(ANYWHERE) --group bench-tables -o tests/bench/tables/requirements.txt
	$(COMPILE) $(ANYWHERE) --group client -o tests/browser/requirements.txt
	$(COMPILE) $(ANYWHERE) --group sam -o tests/sam/requirements.txt
	$(COMPILE) --universal --python-version 3.13 --group deploy -o requirements-deploy.txt
	$(COMPILE) $(LAMBDA) --group runtime -o tests/sam/runtime.txt

# The libraries that the pages use: from npm, by its lock, into the folder that is served and committed.
.PHONY: vendor
vendor: $(PAGES)/node_modules/.package-lock.json ## Copy the libraries of the pages from npm into functions/pages/static/vendor
	@$(BIN)/python -m functions.local.vendor

$(PAGES)/node_modules/.package-lock.json: $(PAGES)/package-lock.json
	@npm --prefix $(PAGES) ci --ignore-scripts --silent

.PHONY: clean
clean: ## Remove the environments and everything made by the other targets
	rm -rf $(VENV) $(SAM_VENV) $(MLFLOW_VENV) .venv-deploy build .aws-sam .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis \
		.coverage .coverage.* htmlcov
	find $(CODE) -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# ---- Environments. The stamps in them (.uv, .run, .dev, .scale, .sam, .mlflow) say which locks are installed: a
# second `make` is instant, a changed lock is installed again. A stamp holds the folder's path, because an environment
# cannot be moved.

# An environment is made anew when its Python is gone, when it was moved, or when PYTHON names another version.
VERSION := import sys; print(sys.hexversion)
ifneq ($(wildcard $(VENV)/.uv),)
HAS := $(shell $(PLAINLY) $(BIN)/python -c '$(VERSION)' 2>/dev/null)
WANTS := $(if $(filter file,$(origin PYTHON)),$(HAS),$(shell $(PLAINLY) "$(PYTHON)" -c '$(VERSION)' 2>/dev/null))
ifneq ($(HAS),)
ifeq ($(WANTS),)
$(warning PYTHON=$(PYTHON): this does not run, so $(VENV) stays as it is)
WANTS := $(HAS)
endif
endif
ifneq ($(shell cat $(VENV)/.uv):$(HAS),$(CURDIR):$(or $(WANTS),none))
$(shell rm -f $(VENV)/.uv)
endif
endif
ifneq ($(wildcard $(SAM_VENV)/.sam),)
ifneq ($(shell $(PLAINLY) $(SAM_VENV)/bin/python -c '' 2>/dev/null && cat $(SAM_VENV)/.sam),$(CURDIR))
$(shell rm -f $(SAM_VENV)/.sam)
endif
endif
ifneq ($(wildcard $(MLFLOW_VENV)/.mlflow),)
ifneq ($(shell $(PLAINLY) $(MLFLOW_VENV)/bin/python -c '' 2>/dev/null && cat $(MLFLOW_VENV)/.mlflow),$(CURDIR))
$(shell rm -f $(MLFLOW_VENV)/.mlflow)
endif
endif

# uv comes from its own lines of the lock, hashes included, so its version stands nowhere else.
$(VENV)/.uv: requirements.txt
	@test -e $@ || { $(make-venv); }
	@awk '/^[^ #]/ { keep = /^uv==/ } keep' requirements.txt > $(VENV)/uv.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r $(VENV)/uv.txt
	@printf '%s\n' '$(CURDIR)' > $@

# The development set holds the other: where it is installed, it is what is kept up to date.
$(VENV)/.run: requirements.txt $(VENV)/.uv
	@if test -e $(VENV)/.dev; then lock=requirements-dev.txt; \
		elif test -e $(VENV)/.scale; then lock='requirements.txt requirements-scale.txt'; \
		else lock=requirements.txt; fi; \
		$(call install,$(BIN)/python,$$lock)
	@for stamp in .run .dev .scale; do if test $$stamp = .run || test -e $(VENV)/$$stamp; then touch $(VENV)/$$stamp; fi; done

$(VENV)/.dev: requirements-dev.txt $(VENV)/.uv
	@$(call install,$(BIN)/python,requirements-dev.txt)
	@touch $(VENV)/.run $@

# Beside what is installed, not in place of it: the locks agree in every version. What was asked for once is kept.
$(VENV)/.scale: requirements-scale.txt $(VENV)/.run
	@echo 'Installing the packages of requirements-scale.txt' >&2; \
		$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements-scale.txt
	@touch $@

$(SAM_VENV)/.sam: tests/sam/requirements.txt | $(VENV)/.uv
	@test -e $@ || $(BIN)/uv venv --quiet --no-project --clear --python $(BIN)/python $(SAM_VENV)
	@$(call install,$(SAM_VENV)/bin/python,tests/sam/requirements.txt)
	@printf '%s\n' '$(CURDIR)' > $@

$(MLFLOW_VENV)/.mlflow: requirements-mlflow.txt | $(VENV)/.uv
	@test -e $@ || $(BIN)/uv venv --quiet --no-project --clear --python $(BIN)/python $(MLFLOW_VENV)
	@$(call install,$(MLFLOW_VENV)/bin/python,requirements-mlflow.txt)
	@printf '%s\n' '$(CURDIR)' > $@

# $(call install,python,lock): make the environment of that Python hold what the lock says, nothing else.
install = echo "Installing the packages of $(2)" >&2; \
	$(BIN)/uv pip sync --python $(1) --require-hashes $(2)

define make-venv
	test -n "$(PYTHON)" || { \
		echo 'Lifeboat needs Python 3.11 or later; none was found as python3.13, python3.12, python3.11 or python3.'; \
		echo 'Install one, or name it: make PYTHON=/path/to/python3.13 ...'; exit 1; } >&2; \
	"$(PYTHON)" -c '$(AT_LEAST_3_11)' 2>/dev/null || { \
		echo 'PYTHON=$(PYTHON): this does not run, or is older than 3.11.' >&2; exit 1; }; \
	echo "Making $(VENV) with $$("$(PYTHON)" -V) ($(PYTHON))" >&2; \
	"$(PYTHON)" -m venv --clear $(VENV) || { rm -rf $(VENV); \
		echo 'The environment could not be made. On Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
endef

"""Where the objects of scoring jobs lie, in the view of a model (`core.storage.view`).

What fires the function has a folder of its own, `scoring/`: nothing that the function makes of a file is
there, so that no result is scored again.
"""

import re

from functions.core.base.errors import InvalidInput
from functions.core.registry.models import check_model_name, suggest_model_name
from functions.core.storage.file_names import fault_of_name

PREFIX = "scoring/"
IN = "scoring/in/"
"""Files to be scored. Each that is put there is a job."""
MANY = "scoring/many/"
"""Files that a state machine has scored, all of a folder: to be put there starts nothing."""
AGAIN = "scoring/again/"
"""A job's object here is written to have it gone on with."""
JOBS = "scored/jobs/"
"""The records of jobs."""
SUFFIXES = (".csv", ".csv.gz", ".parquet")
ENDINGS = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
"""How the names of files end that are scored, as it is said."""
JOB = r"^[0-9a-f]{20}$"
"""How a job is named."""


def job_key(job: str) -> str:
    """The record of a job: what is true of it."""
    return f"{JOBS}{job}.json"


def again_key(job: str) -> str:
    return f"{AGAIN}{job}"


def tail_key(job: str, rows: int) -> str:
    """What was scored of a part of the result that is not full yet: up to so many rows of the file."""
    return f"scored/tails/{job}/{rows}"


def result_key(job: str, key: str) -> str:
    """The result of a job on a file: plain CSV. Nothing else is ever written there."""
    name = key.rpartition("/")[2]
    suffix = max((suffix for suffix in SUFFIXES if name.endswith(suffix)), key=len, default="")
    return f"scored/results/{job}/{name.removesuffix(suffix)}.csv"


def upload_key(job: str, file: str) -> str:
    """Where the file of a job is uploaded to. Raises `InvalidInput` for a name that no file can have."""
    if fault := fault_of_name(file, SUFFIXES, "a table of another ending is not read"):
        detail = [{"loc": ["body", "file"], "msg": fault, "type": "file_name"}]
        raise InvalidInput(f"the name of the file does not fit: it {fault}", detail)
    return f"{IN}{job}/{file}"


def split_key(key: str) -> tuple[str, str]:
    """The model, and the key in its view, of a key in the store. Raises `InvalidInput` that says where a file
    belongs.
    """
    where = f"put it at {PREFIX}{{model}}/in/{{file}}{SUFFIXES[0]}"
    model, slash, name = key.removeprefix(PREFIX).partition("/")
    if not key.startswith(PREFIX) or not slash:
        example = f", such as {PREFIX}{suggest_model_name(model)}/in/{model}" if model else ""
        raise InvalidInput(f"it names no model: {where}{example}")
    own = f"{PREFIX}{name}"
    if own.startswith(AGAIN) and re.fullmatch(JOB, own.removeprefix(AGAIN)):
        return check_model_name(model), own
    if not own.startswith((IN, MANY)) or not own.endswith(SUFFIXES):
        raise InvalidInput(f"only files below in/ that end with {ENDINGS} are scored: {where}")
    return check_model_name(model), own

"""What the routes of the API are about: the tags of openapi.json, by which people find a route."""

SUBJECTS = {
    "predictions": "Score rows, see why, and look up and repeat what was answered",
    "models": "Which models and versions there are, which is in service, and how that changes",
    "labelling": "Report what really happened, and see what is worth labelling next",
    "monitoring": "What the models are asked, how well they answer, and training on what was learnt",
    "data": "Datasets, where they came from, and the schemas that they are read by",
    "keys": "Who may ask what",
    "health": "Whether the service runs and can score",
}
"""In the order in which they are shown, with what is said of each."""

_OF_A_MODEL = "/models/{model}"
# By the first word of a path that stands here, after that of the model; the longer first.
_BY_BEGINNING = {
    "/v2/health": "health",
    "/health": "health",
    "/ping": "health",
    "/version": "health",
    "/v2": "predictions",
    "/predict": "predictions",
    "/predictions": "predictions",
    "/scoring": "predictions",
    "/invocations": "predictions",
    "/model": "models",
    "/models": "models",
    "/versions": "models",
    "/champion": "models",
    "/compare": "models",
    "/curves": "models",
    "/card": "models",
    "/history": "models",
    "/promote": "models",
    "/rollback": "models",
    "/feedback": "labelling",
    "/monitoring": "monitoring",
    "/training": "monitoring",
    "/datasets": "data",
    "/schema": "data",
    "/uploads": "data",
    "/keys": "keys",
    "/people": "keys",
    "/me": "keys",
}


def subject_of(path: str) -> str:
    """The subject of a path of the API. Raises `ValueError` for one that is of none."""
    remainder = path.removeprefix(_OF_A_MODEL) or "/model"
    for beginning, subject in _BY_BEGINNING.items():
        if remainder == beginning or remainder.startswith(f"{beginning}/"):
            return subject
    raise ValueError(f"{path} is of no subject: give it one in functions/local/tools/subjects.py")

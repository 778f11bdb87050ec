"""What every model of these passengers must know, whatever its dataset says."""

from typing import Literal

from functions.core.schema.passenger import Passenger
from functions.core.scoring.scorer import Scorer

CLASSES: dict[Literal[1, 2, 3], str] = {1: "first", 2: "second", 3: "third"}


def surprises(model: bytes) -> list[str]:
    """The expectations that the graph `model` does not meet, each as a sentence; none for a sane model.

    A test by direction, after Ribeiro et al. (2020), "Beyond Accuracy: Behavioral Testing of NLP Models with
    CheckList", ACL. A dataset whose labels are inverted makes a model that is as good as any on its own
    holdout; only what is known from elsewhere gives it away. Women were let into the boats first: of each
    class more of them survived than of the men (of the shipped list 97 % against 34, 89 against 15, 49
    against 15). Raises `UnusableModel`.
    """
    women = [Passenger(pclass=number, sex="female", age=30) for number in CLASSES]
    men = [Passenger(pclass=number, sex="male", age=30) for number in CLASSES]
    chances = Scorer(model).score([*women, *men]).probability
    return [
        f"a woman of the {name} class is no likelier to survive than a man of it"
        for name, woman, man in zip(CLASSES.values(), chances[:3], chances[3:], strict=True)
        if not woman > man
    ]

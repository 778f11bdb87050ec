"""The curves of a version on the rows that it held out: computed when they are asked for, kept nowhere."""

from pydantic import BaseModel, Field

from functions.core.registry import versions
from functions.core.registry.comparison import read_holdout
from functions.core.stats.records import CalibrationBin, RocPoint
from functions.core.storage.contract import Store


class Curves(BaseModel):
    """How well a version tells the outcomes of its holdout apart, and how right its probabilities are."""

    version: str
    threshold: float = Field(
        description="Probability above which the version answers with the positive value"
    )
    rows: int = Field(description="Rows of the record of the holdout: of a large holdout a sample")
    positives: int = Field(description="Those of them with the positive value")
    roc: list[RocPoint] = Field(
        description="From none told to be positive to all of them, 100 points at most; none where only one "
        "outcome occurs"
    )
    calibration: list[CalibrationBin] = Field(
        description="Ten bins of equal width by the probability; those without a row are left out"
    )


def curves_of(store: Store, version: str) -> Curves:
    """The curves of a published version. Raises `NotFound`, `UnusableModel`."""
    manifest = versions.read_manifest(store, version)
    holdout = read_holdout(store, manifest)
    # numpy takes as long to import as all else that the function holds: only who wants curves waits for it.
    from functions.core.stats.curves import calibration_curve, roc_curve

    return Curves(
        version=version,
        threshold=manifest.threshold,
        rows=len(holdout.outcome),
        positives=sum(holdout.outcome),
        roc=roc_curve(holdout.outcome, holdout.probability),
        calibration=calibration_curve(holdout.outcome, holdout.probability),
    )

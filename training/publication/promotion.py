"""Promotes a published version, if the gate lets it, and knows when nothing is left to do for it."""

from dataclasses import dataclass, field
from typing import Any, Literal

from functions.core.base.errors import Conflict, NoChampion, UnusableModel
from functions.core.registry import deployment, versions
from functions.core.registry.manifest import Decision, Manifest
from functions.core.storage.contract import Store
from training.gate.challenge import Challenge, decide
from training.gate.rules import Limits
from training.table.report import Report

Status = Literal["promoted", "published", "already published", "rejected"]
MAX_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an upload, and by which rule. `version` is None when the file was refused.

    report: what was read of the file.
    """

    key: str
    status: Status
    decision: Decision
    version: str | None = None
    report: Report = field(default_factory=Report)

    def answer(self) -> dict[str, Any]:
        """The same without nesting, for logs: the decision's rule, reason and numbers beside the rest."""
        outcome = {"key": self.key, "status": self.status, "version": self.version}
        return outcome | self.decision.model_dump(exclude={"promote"}) | self.report.summary()


def is_settled(store: Store, manifest: Manifest, limits: Limits) -> bool:
    """Whether nothing is left to do for a published version.

    It was champion, it was abandoned, or it lost to the champion of today under the limits of today.
    """
    try:
        champion, _ = deployment.read_champion(store)
    except (NoChampion, UnusableModel):
        return False
    if manifest.version in champion.abandoned:
        return True
    if any(promotion.version == manifest.version for promotion in deployment.history(store)):
        return True
    decision = manifest.decision
    return (
        not decision.promote
        and decision.champion == champion.version
        and decision.limits == limits.as_numbers()
    )


def promote_version(challenge: Challenge, manifest: Manifest, by: str) -> Outcome:
    """Promote by compare-and-swap; a version that loses a race is judged again, against the winner."""
    store, version = challenge.store, manifest.version
    manifest, digest = versions.read_manifest_and_digest(store, version)
    model = versions.read_model(store, manifest)

    def ended(status: Status, decision: Decision) -> Outcome:
        return Outcome(challenge.upload.key, status, decision, version, challenge.dataset.report)

    for _ in range(MAX_ATTEMPTS):
        decision, expected = decide(challenge, model)
        if expected and expected[0].version == version:
            # The same event was delivered twice, or the answer to our own write was lost.
            return ended("promoted", manifest.decision.model_copy(update={"reason": expected[0].reason}))
        if expected and (why := expected[0].abandoned.get(version)):
            reason = f"it was abandoned ({why}); promote it by hand to bring it back"
            refusal = {"promote": False, "rule": "abandoned", "reason": reason}
            return ended("published", decision.model_copy(update=refusal))
        if not decision.promote:
            return ended("published", decision)
        try:
            deployment.promote(
                store, version, expected=expected, by=by, reason=decision.reason, digest=digest
            )
        except Conflict:
            continue
        return ended("promoted", decision)
    raise Conflict(f"the champion changed {MAX_ATTEMPTS} times while version {version} was judged")

"""The plots of a version, from what it recorded of its holdout: by the names of their files."""

from functions.core.stats.curves import calibration_curve, roc_curve
from functions.core.stats.distributions import tally
from functions.core.stats.drift import psi
from functions.track.facts import Facts
from functions.track.plots import plot_calibration, plot_confusion, plot_drift, plot_roc


def draw_plots(facts: Facts) -> dict[str, str]:
    """SVG texts. Those of a holdout that cannot be read are left out."""
    manifest = facts.manifest
    plots = {"confusion.svg": plot_confusion(manifest.confusion, manifest.schema_of_rows.target.answers)}
    if (holdout := facts.holdout) is not None:
        curve = roc_curve(holdout.outcome, holdout.probability)
        bins = calibration_curve(holdout.outcome, holdout.probability)
        plots["calibration.svg"] = plot_calibration(bins)
        if curve and (area := manifest.metrics.get("roc_auc")):
            plots["roc.svg"] = plot_roc(curve, area.value)
        other = facts.champion or manifest
        whose = "the champion's" if facts.champion else "its own"
        plots["drift.svg"] = plot_drift(
            measure_drift(facts), f"the holdout against {whose} rows ({other.version})"
        )
    return plots


def measure_drift(facts: Facts) -> dict[str, float]:
    """How far the rows held out lie from those of the champion that the version was judged against (from its
    own where there was none): PSI in nats, by field. Fields that one of both lacks are left out.
    """
    import numpy as np

    if facts.holdout is None:
        return {}
    values = {**facts.holdout.features, "probability": facts.holdout.probability}
    found = {}
    for name, reference in (facts.champion or facts.manifest).reference.items():
        if name not in values or not reference.rows:
            continue
        try:
            counts = tally({name: reference}, values)[name].counts
        except (ValueError, TypeError):
            continue  # Another type, or other categories, by now.
        if sum(counts):
            found[name] = psi(np.array(reference.counts, float), np.array(counts, float))
    return found

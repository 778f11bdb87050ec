"""What was measured of the tables, in lines."""

from collections import Counter

from tests.bench.figures import Figures
from tests.bench.tables.measure import BOOSTING, LIFEBOAT, LINEAR, Measured

MODELS = (LIFEBOAT, BOOSTING, LINEAR)
# Nats. The same kind of model, fitted by another route, differs by less.
NEGLIGIBLE = 0.001


def print_header() -> None:
    heads = "".join(f"{model[:20]:>22}" for model in MODELS)
    print(f"{'log loss, ROC AUC':18} {'rows':>6} {'fields':>6}{heads}   excess +- error   chosen")


def report(name: str, found: Measured, figures: Figures) -> bool:
    """Print and keep what was measured of a table; returns whether the champion is good enough."""
    cells = []
    for model in MODELS:
        loss, area = (found.metrics[model][metric] for metric in ("log_loss", "roc_auc"))
        cells.append(f"{loss.mean():>13.4f} {area.mean():>8.4f}")
        figures.note(f"{name}: log loss of {model}", float(loss.mean()))
        figures.note(f"{name}: ROC AUC of {model}", float(area.mean()))
    excess, error = found.excess()
    figures.note(f"{name}: excess of log loss", excess)
    figures.note(f"{name}: standard error of it", error)
    chosen = ", ".join(f"{count} {kind}" for kind, count in Counter(found.chosen).most_common())
    table = f"{name:18} {found.rows:>6} {found.features:>6}"
    print(f"{table}{''.join(cells)}   {excess:+.4f} +- {error:.4f}   {chosen}", flush=True)
    return excess <= max(error, NEGLIGIBLE)

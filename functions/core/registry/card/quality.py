"""How good a version is, for whom, what it goes by, and what is proven of it."""

from collections.abc import Iterator, Mapping

from functions.core.registry.card.blocks import Block, Bullets, Code, Heading, Paragraph, Table, Words
from functions.core.registry.card.figures import count, figure, interval, metric_name, share
from functions.core.registry.manifest import Manifest
from functions.core.schema.schema import Schema
from functions.core.stats.formulas import auc_interval, wilson_interval
from functions.core.stats.records import Interval


def quality(manifest: Manifest) -> Iterator[Block]:
    yield Heading("Quality")
    yield Paragraph(
        f"On the {count(manifest.dataset.holdout_rows)} rows held out, which neither the choice of the model "
        "nor its training saw; the intervals are percentile bootstraps over rows."
    )
    yield Table(
        ["metric", "value", "95 % interval"],
        [
            [metric_name(name), figure(metric.value), interval(metric)]
            for name, metric in manifest.metrics.items()
        ],
    )
    (true_no, false_yes), (false_no, true_yes) = manifest.confusion
    yield Table(
        ["what happened", "answered no", "answered yes"],
        [["no", count(true_no), count(false_yes)], ["yes", count(false_no), count(true_yes)]],
    )
    yield Bullets(
        [
            f"Of those with the positive value it finds {share(true_yes, false_no + true_yes)}",
            f"Of those without it takes {share(false_yes, true_no + false_yes)} for positive",
            f"Of its positive answers {share(true_yes, true_yes + false_yes)} are right",
        ]
    )


def groups(manifest: Manifest, schema: Schema) -> Iterator[Block]:
    yield Heading("Group by group")
    if manifest.slices:
        names = list(dict.fromkeys(name for figures in manifest.slices.values() for name in figures))
        yield Table(
            ["group", *map(metric_name, names)],
            [
                [Code(group), *(_with_interval(name, values) for name in names)]
                for group, values in manifest.slices.items()
            ],
        )
        yield Paragraph(
            "Of the held-out rows. In brackets is the 95 % interval: by Wilson for rates and accuracy, by "
            "Hanley and McNeil for ROC AUC. The other figures are without one; of few rows, they tell as "
            "little. Among twenty intervals, one misses the truth by chance alone."
        )
        if differences := [*_differences(manifest.slices)]:
            yield Bullets(differences)
    judged = {*schema.slices}
    others = [field.name for field in schema.features if field.name not in judged]
    parts = [part for name in others for part in (", ", Code(name))][1:]
    yield Paragraph(
        ("Not judged group by group, for the schema does not name them under ", Code("slices"), ": ", *parts)
        if parts
        else "Every feature was judged group by group."
    )


_RATES = ("true_positive_rate", "false_positive_rate")


def _differences(slices: Mapping[str, Mapping[str, float]]) -> Iterator[Words]:
    """Where groups of one field are told apart by more than chance: intervals of rates that do not meet."""
    for field in dict.fromkeys(group.partition("=")[0] for group in slices):
        of_field = {group: values for group, values in slices.items() if group.partition("=")[0] == field}
        for rate in _RATES:
            known = [
                (found, group)
                for group, values in of_field.items()
                if (found := _interval_of(rate, values)) is not None
            ]
            if not known:
                continue
            low, lowest = min(known, key=lambda entry: entry[0].value)
            high, highest = max(known, key=lambda entry: entry[0].value)
            if low.high < high.low:
                yield (
                    f"The {metric_name(rate)} is {low.value:.1%} for ", Code(lowest),
                    f" and {high.value:.1%} for ", Code(highest), ": more apart than chance explains.",
                )  # fmt: skip


def _with_interval(name: str, group: Mapping[str, float]) -> str:
    found = _interval_of(name, group)
    value = figure(group.get(name))
    return f"{value} ({interval(found)})" if found else value


def _interval_of(name: str, group: Mapping[str, float]) -> Interval | None:
    """The interval of a figure of a group, where it follows from the group's counts."""
    value = group.get(name)
    rows, positives = round(group.get("rows", 0)), round(group.get("positives", 0))
    of_rows = dict(zip(("accuracy", *_RATES), (rows, positives, rows - positives), strict=True))
    if value is None:
        return None
    if name == "roc_auc":
        return auc_interval(value, positives, rows - positives)
    return wilson_interval(round(value * of_rows[name]), of_rows[name]) if of_rows.get(name) else None


def calibration(manifest: Manifest) -> Iterator[Block]:
    yield Heading("Calibration")
    if manifest.calibration is None:
        yield Paragraph("By bins it is not recorded: the version is of an earlier release of Lifeboat.")
        return
    yield Paragraph("Of held-out rows that were given about the same probability, how many had the outcome:")
    yield Table(
        ["mean probability", "share that had it", "95 % interval", "rows"],
        [
            [figure(held.probability), figure(held.share.value), interval(held.share), count(held.rows)]
            for held in manifest.calibration
        ],
    )


def contributions(manifest: Manifest) -> Iterator[Block]:
    yield Heading("What its answers depend on")
    known = manifest.contributions
    if known is None:
        yield Paragraph(
            "Not recorded: the rows have too many features, or the version is of an earlier release of "
            "Lifeboat. Single answers are explained all the same (?explain=true)."
        )
        return
    how = "estimated from orders of the features drawn at random" if known.is_sampled else "exact"
    yield Paragraph(
        f"The mean absolute Shapley value of each feature on the probability, over {count(known.rows)} of "
        f"the held-out rows ({how}; against rows of the training side whose mean probability is "
        f"{figure(known.base_probability)}). It says what the model "
        "goes by, not what causes the outcome; features that go together share what they tell."
    )
    ranked = sorted(known.mean_absolute.items(), key=lambda item: -item[1])
    yield Table(
        ["feature", "mean absolute contribution"], [[Code(name), figure(value)] for name, value in ranked]
    )


def certificate(manifest: Manifest) -> Iterator[Block]:
    proof = manifest.certificate
    patterns = "all" if proof.patterns == "all" else "a covering sample of them"
    yield Heading("Certificate")
    yield Paragraph(
        f"The published graph and the trained pipeline were compared on {count(proof.rows)} rows and "
        f"{count(proof.edge_rows)} edge cases (patterns of missing values: {patterns}): the largest "
        f"difference of probability is {proof.largest_difference:.1e} (allowed: {proof.tolerance:.0e}), and "
        f"{count(proof.label_flips)} labels differ. It proves that what answers is what was trained, not "
        "that it is right."
    )


def decision(manifest: Manifest) -> Iterator[Block]:
    gate = manifest.decision
    yield Heading("The gate's decision")
    against = (" Judged against the version ", Code(gate.champion), ".") if gate.champion else ()
    verdict = "Good enough for service" if gate.promote else "Held back"
    yield Paragraph((f"{verdict}, by the rule ", Code(gate.rule), f": {gate.reason}.", *against))
    named = [*gate.numbers.items(), *((f"limit: {name}", value) for name, value in gate.limits.items())]
    if named:
        yield Table(["number", "value"], [[metric_name(name), figure(value)] for name, value in named])

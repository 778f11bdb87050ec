"""What the gate says of a decision, to whoever reads it: on a page, in an event, in a report.

Each says what was compared, with what result, and what to do. It is in plain words, since people who label
and administer read it; the figures of the field stand in brackets, and again in the decision's numbers. It
begins in lower case: it stands behind a name, or a colon.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from functions.core.base.settings import PREFIX

_ALL_THE_SAME = "put it into service all the same (page Models, Promote; in programs: promote with force)"
_MORE_ROWS_OR_COLUMNS = "Upload more rows, or columns that tell more"
_VOUCH = "Check the labels; report the true ones with an admin key, which vouches for them, or upload them"

GOOD_ALONE = "it is good enough by itself, and no other version is in service to compare it with"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a version is kept out of service. mend: what helps, as a sentence without its full stop; limit: the
    one that was not met, where whoever runs this may set it.
    """

    finding: str
    mend: str
    limit: str | None = None

    def __str__(self) -> str:
        change = f"change the limit ({PREFIX}{self.limit.upper()}), or " if self.limit else ""
        return f"{self.finding}. {self.mend}; or, if you know better, {change}{_ALL_THE_SAME}"


def too_few_rows(different: int, least: int, total: int) -> Refusal:
    """total: about how many rows a dataset needs so that `least` of them are held out."""
    finding = (
        f"the rows are too few to judge it by: {different} different ones were kept out of its training for "
        f"that, and at least {least} are needed"
    )
    mend = f"Upload more rows, about {total} in all, of which one in five is kept out"
    return Refusal(finding, mend, "min_holdout_rows")


def too_weak(auc: float, least: float) -> Refusal:
    """auc: ROC AUC on the rows held out; NaN where a probability is none."""
    reached, limit = told_apart(auc, least)
    figures = f"(ROC AUC {reached}, at least {limit} is asked for)"
    if math.isnan(auc):
        return Refusal(f"some of its probabilities are no numbers {figures}", "Mend what computes them")
    finding = (
        "it does not tell the two outcomes apart well enough: of two rows that ended differently, it gives "
        f"the higher probability to the right one in {auc:.1%} of all pairs, where guessing has 50% {figures}"
    )
    return Refusal(finding, _MORE_ROWS_OR_COLUMNS, "min_roc_auc")


def no_better_than_a_constant(loss: float, of_constant: float) -> Refusal:
    """Both in nats: log loss of the version, and of giving every row the share of positive ones."""
    finding = (
        "its probabilities are no better than giving every row the same one, the share of all rows that "
        f"ended so (log loss {loss:.3f}, of that {of_constant:.3f}; less is better)"
    )
    return Refusal(finding, _MORE_ROWS_OR_COLUMNS)


def against_what_is_known(surprises: str) -> Refusal:
    return Refusal(f"it contradicts what is known of such rows: {surprises}", "Check the labels of the rows")


def no_worse(numbers: Mapping[str, float], champion: str, margin: float) -> str:
    """numbers: of the decision, in nats."""
    return (
        f"it is not worse than version {champion}, which was in service: {_compared(numbers)}; up to "
        f"{_lost_share(margin)} lower is let through"
    )


def may_be_worse(numbers: Mapping[str, float], champion: str, margin: float) -> Refusal:
    """numbers: of the decision, in nats."""
    shown, limit = told_apart(numbers["worse_by_at_most"], margin)
    finding = (
        f"it may be worse than version {champion}, which is in service: {_compared(numbers)}; only up to "
        f"{_lost_share(margin)} lower is let through (log loss +{shown}, at most +{limit})"
    )
    return Refusal(finding, "Upload more rows, which make this surer", "margin")


def is_worse(numbers: Mapping[str, float], champion: str) -> Refusal:
    """numbers: of the decision, in nats."""
    least, most = numbers["worse_by_at_least"], numbers["worse_by_at_most"]
    finding = (
        f"it is worse than version {champion}, which is in service: {_same(numbers)} it gave what really "
        f"happened a chance {_lost_share(least)} to {_lost_share(most)} lower on average (log loss "
        f"+{least:.3f} to +{most:.3f})"
    )
    return Refusal(finding, _MORE_ROWS_OR_COLUMNS)


def against_the_champion(auc: float, champion: str) -> Refusal:
    """auc: ROC AUC of the champion on the new rows, below 0.5."""
    finding = (
        f"the new rows contradict version {champion}, which is in service: of two of them that ended "
        f"differently, it gave the higher probability to the wrong one in {1 - auc:.1%} of all pairs (ROC "
        f"AUC {auc:.3f})"
    )
    return Refusal(finding, "Check the labels of the rows, where yes and no may have changed places")


def worse_for_a_group(group: str, figures: Mapping[str, float], champion: str, margin: float) -> Refusal:
    """figures: of the slice, in nats."""
    shown, limit = told_apart(figures["worse_by"], margin)
    finding = (
        f"for rows with {group} it is worse than version {champion}, which is in service: on "
        f"{figures['rows']:,.0f} such rows, which neither had learned from, it gave what really happened "
        f"{_chance(figures['worse_by'])} on average; only up to {_lost_share(margin)} lower is let through "
        f"for one group (log loss +{shown}, at most +{limit})"
    )
    return Refusal(finding, "Upload more such rows", "slice_margin")


def too_few_shared_rows(different: int, least: int, champion: str) -> Refusal:
    """different: rows that both versions held out, by two schemas."""
    finding = (
        f"it cannot be compared with version {champion}, which is in service: its columns are others, and "
        f"only {different} different rows were kept out of both trainings, of which at least {least} are "
        "needed"
    )
    return Refusal(finding, "Look at the figures of both on the page Models", "min_holdout_rows")


def newer_upload(champion: str) -> Refusal:
    finding = f"version {champion}, which is in service, was made from a file that was uploaded later"
    return Refusal(finding, "If this file is the newer one after all, upload it again")


def too_few_vouched_rows(different: int, least: int) -> Refusal:
    finding = (
        f"of the rows kept out of its training, only {different} different ones were uploaded, or labelled "
        f"with an admin key, and at least {least} of these are needed to judge it by"
    )
    return Refusal(finding, _VOUCH, "min_holdout_rows")


def refused_on_vouched_rows(rows: int, refusal: Refusal) -> Refusal:
    """refusal: for which it would be kept out, were there no other rows."""
    return Refusal(f"{_vouched(rows)} it does not pass: {refusal.finding}", _VOUCH, refusal.limit)


def contradicts_vouched_rows(rows: int, most: float, rival: str, margin: float) -> Refusal:
    """most: by how many nats it may be worse than the version `rival`."""
    shown, limit = told_apart(most, margin)
    finding = (
        f"{_vouched(rows)} it may be worse than version {rival}: by all that so many rows can tell, the "
        f"chance that it gave what really happened is {_at_worst(most)} on average, and only up to "
        f"{_lost_share(margin)} lower is let through (log loss +{shown}, at most +{limit}); so the labels of "
        "other keys contradict these rows"
    )
    return Refusal(finding, _VOUCH, "margin")


def labelled_by_many(share: float, most: float) -> Refusal:
    finding = (
        f"it passed everything else, but {share:.0%} of the rows that it was judged by were labelled with "
        f"keys that may not put a version into service; with more than {most:.0%} a person decides"
    )
    return Refusal(finding, _VOUCH, "max_labelled_share")


def told_apart(value: float, limit: float) -> tuple[str, str]:
    """Both with three decimals, or as many as it takes to see that they differ: 0.6998 is below 0.7000."""
    # A double has seventeen digits at the most.
    decimals = next(n for n in range(3, 18) if f"{value:.{n}f}" != f"{limit:.{n}f}" or n == 17)
    return f"{value:.{decimals}f}", f"{limit:.{decimals}f}"


def _compared(numbers: Mapping[str, float]) -> str:
    """What was measured of a challenger and the champion, and how far off that may be."""
    return (
        f"{_same(numbers)} it gave what really happened {_chance(numbers['worse_by'])} on average, by all "
        f"that so many rows can tell {_at_worst(numbers['worse_by_at_most'])}"
    )


def _same(numbers: Mapping[str, float]) -> str:
    return f"on the same {numbers['holdout_rows']:,.0f} rows, which neither had learned from,"


def _vouched(rows: int) -> str:
    return f"on the {rows:,} rows kept out of its training that were uploaded, or labelled with an admin key,"


def _chance(nats: float) -> str:
    """What so much more log loss means for who has never met a nat: a (geometric) average."""
    share, way = _difference(nats)
    return f"a chance {share} {way}" if way else "the same chance"


def _at_worst(nats: float) -> str:
    """The same of the upper end of an interval."""
    share, way = _difference(nats)
    return f"{'as much as' if nats > 0 else 'at least'} {share} {way}" if way else "no lower"


def _difference(nats: float) -> tuple[str, str]:
    share = _lost_share(nats) if nats > 0 else f"{math.exp(-nats) - 1:.1%}"
    return share, "" if share == "0.0%" else "lower" if nats > 0 else "higher"


def _lost_share(nats: float) -> str:
    return f"{1 - math.exp(-nats):.1%}"

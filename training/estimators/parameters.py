"""How an estimator is set, as it is written down for people: by scikit-learn's names."""

from math import isfinite

from sklearn.base import BaseEstimator

Parameters = dict[str, str | int | float | bool | None]

MAX_REPR = 5_000


def parameters_of(estimator: BaseEstimator) -> Parameters:
    """`estimator` describes it whole, with what is not as scikit-learn has it by itself; and each setting
    that is one value goes by its name in the pipeline, such as `model__learning_rate`."""
    values = {
        name: value
        for name, value in sorted(estimator.get_params().items())
        if value is None
        or isinstance(value, str | bool | int)
        or (isinstance(value, float) and isfinite(value))
    }
    # In one line.
    return {"estimator": " ".join(estimator.__repr__(N_CHAR_MAX=MAX_REPR).split()), **values}

"""How an estimator is set, as it is written down for people: by scikit-learn's names."""

from inspect import signature
from math import isfinite
from typing import Any

from sklearn.base import BaseEstimator

Parameters = dict[str, str | int | float | bool | None]

MAX_CHARACTERS = 5_000
# Of a list that is longer, such as the codes of many categories.
MAX_ITEMS = 30


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
    text = _text(estimator)
    if len(text) > MAX_CHARACTERS:
        text = f"{text[: MAX_CHARACTERS // 2]}...{text[-MAX_CHARACTERS // 2 :]}"
    return {"estimator": text, **values}


def _text(value: Any) -> str:
    """An estimator, or a setting of one, as scikit-learn prints it, in one line.

    To break lines it prints what is inside anew at each level: half a second for six pipelines.
    """
    if isinstance(value, BaseEstimator):
        settings = (f"{name}={_text(setting)}" for name, setting in _changed_settings(value).items())
        return f"{type(value).__name__}({', '.join(settings)})"
    if type(value) not in (list, tuple):
        return " ".join(repr(value).split())
    items = ", ".join([*map(_text, value[:MAX_ITEMS]), *(["..."] if len(value) > MAX_ITEMS else [])])
    if isinstance(value, list):
        return f"[{items}]"
    return f"({items},)" if len(value) == 1 else f"({items})"


def _changed_settings(estimator: BaseEstimator) -> dict[str, Any]:
    """The settings that an estimator does not have by itself."""
    own = signature(estimator.__init__).parameters
    return {
        name: setting
        for name, setting in sorted(estimator.get_params(deep=False).items())
        # What has no default holds estimators: to print them only to compare them would take long.
        if name not in own or own[name].default is own[name].empty or repr(setting) != repr(own[name].default)
    }

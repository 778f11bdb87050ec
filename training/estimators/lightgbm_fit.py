"""LightGBM's own fit, without scikit-learn and the converter, which whoever only fits need not import."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from functions.core.base.errors import InvalidInput

HOW_TO_GET = "LightGBM is not installed here: `make scale` installs it"


def fit_booster(
    parameters: Mapping[str, Any],
    matrix: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64] | None,
) -> str:
    """The model that LightGBM fits with these parameters, as the text that it writes. With `machines` among
    the parameters, the rows are this machine's part of them. Raises `InvalidInput` without LightGBM."""
    lightgbm = import_lightgbm()
    data = lightgbm.Dataset(matrix, label=labels, weight=weights, params=dict(parameters))
    return str(lightgbm.train(dict(parameters), data).model_to_string())


def import_lightgbm() -> Any:
    """The library. Raises `InvalidInput` without it."""
    try:
        import lightgbm
    # OSError: a library of the system that it needs is missing.
    except (ImportError, OSError) as error:
        raise InvalidInput(f"{HOW_TO_GET} ({error})") from error
    return lightgbm

"""The trees that scikit-learn is too slow at, and how skl2onnx converts them."""

from typing import Any

from skl2onnx import update_registered_converter
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from skl2onnx.operator_converters.random_forest import convert_sklearn_random_forest_classifier
from sklearn.ensemble import HistGradientBoostingClassifier


class Histogram(HistGradientBoostingClassifier):  # type: ignore[misc] # scikit-learn has no annotations
    """Histogram gradient boosting whose bins are those of the rows, whatever the rows weigh.

    scikit-learn 1.9 sorts each column once for each of its 254 bins where rows have weights: a hundred
    columns of a thousand rows took ten seconds, of which the trees were one.
    """

    def _bin_data(self, X: Any, _weights: Any, is_training_data: bool) -> Any:  # noqa: N803 # its name
        return super()._bin_data(X, None, is_training_data)


update_registered_converter(
    Histogram,
    "LifeboatHistogram",
    calculate_linear_classifier_output_shapes,
    convert_sklearn_random_forest_classifier,
    options={
        "zipmap": [True, False, "columns"],
        "raw_scores": [True, False],
        "output_class_labels": [True, False],
        "nocl": [True, False],
    },
)

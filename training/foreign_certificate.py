"""The proof that a graph and a classifier that somebody wrote agree; or which step is to blame."""

from typing import Any

import numpy as np
from onnx.reference import ReferenceEvaluator

from functions.core.base.errors import UnprovenModel
from functions.core.registry.manifest import Certificate
from functions.core.schema.schema import Field
from training.certificate import Comparison, edge_rows, edge_values, missing_patterns
from training.export import thresholds
from training.foreign import FittedEstimator
from training.matrix import Mask, Matrix

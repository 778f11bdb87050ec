"""One machine's part of a fit by LightGBM, in a process: `python -m training.cluster.fit_process FOLDER`.

Where a machine of the others is gone, LightGBM waits for it for ever, and a thread that does cannot be ended:
a process can. In the folder lie the rows, as arrays, and the parameters; the model is put beside them.
"""

import json
import os
import sys
import threading
from pathlib import Path

import numpy as np

from training.estimators.lightgbm_fit import fit_booster

ROWS, LABELS, WEIGHTS = "rows.npy", "labels.npy", "weights.npy"
PARAMETERS, MODEL = "parameters.json", "model.txt"


def main(folder: Path) -> int:
    """Fit. Returns the exit code."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    parameters = json.loads((folder / PARAMETERS).read_text())
    rows, labels, weights = (np.load(folder / name, mmap_mode="r") for name in (ROWS, LABELS, WEIGHTS))
    try:
        model = fit_booster(parameters, rows, labels, weights)
    # LightGBM's errors have no other base; whoever waits shows the last line.
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    (folder / MODEL).write_text(model)
    return 0


def _end_with_parent() -> None:
    """The other end of the standard input is closed when the process that began this one is gone."""
    # Unbuffered: what is read by a buffer of Python holds the end of this process up.
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

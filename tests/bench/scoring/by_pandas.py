"""The usual way, beside which Lifeboat is measured: pandas reads chunks, scikit-learn scores them, pandas
writes what came in and the answers."""

import sys
from pathlib import Path

import pandas as pd

from tests.bench.scoring.frames import load_pipeline, matrix_of_frame

CHUNK_ROWS = 100_000


def main(source: Path, target: Path) -> None:
    pipeline = load_pipeline()
    with target.open("w", encoding="utf-8") as file:
        for number, frame in enumerate(pd.read_csv(source, chunksize=CHUNK_ROWS)):
            chances = pipeline.predict_proba(matrix_of_frame(frame))[:, 1]
            frame["survived"], frame["probability"] = (chances > 0.5).astype(int), chances
            frame.to_csv(file, index=False, header=not number)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

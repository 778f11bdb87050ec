"""Make the champion of the shipped table in STORE, and keep the pipeline that it was made of in FOLDER."""

import sys
from pathlib import Path

import joblib

from functions.core.storage.folder import FolderStore
from tests.bench.scoring.frames import FILE
from tests.bench.stage import train_champion
from tests.support.titanic import SCHEMA, TABLE
from training.model.train import Configuration, train
from training.table.dataset import load_dataset


def main(folder: Path, store: str) -> None:
    train_champion(FolderStore(store))
    trained = train(load_dataset(TABLE, SCHEMA), Configuration(), lambda _what, _done, _of: None)
    joblib.dump(trained.estimator, folder / FILE)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

"""Tables that are not the Titanic's, as files: one from scikit-learn's wheel, one made."""

import csv
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer

CHURN = "Customer ID,Tenure Months,Monthly Charges,Contract,Senior,City,Churned"


def breast_cancer(path: Path) -> Path:
    """569 tumours, 30 numbers of each, and whether it is `malignant` or `benign`."""
    found = load_breast_cancer()
    names = [str(name).replace(" ", "_") for name in found.feature_names]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "diagnosis"])
        for row, outcome in zip(found.data, found.target, strict=True):
            writer.writerow([*map(repr, row.tolist()), found.target_names[outcome]])
    return path


def churn(path: Path, *, rows: int = 900, seed: int = 0) -> Path:
    """Customers with numbers, words, a yes and no, an identifier, and gaps."""
    path.write_text("\n".join([CHURN, *churn_rows(rows, seed)]) + "\n", encoding="utf-8")
    return path


def churn_rows(rows: int, seed: int = 0) -> list[str]:
    draw = np.random.default_rng(seed)
    tenure = draw.integers(0, 73, rows)
    charges = draw.normal(70, 25, rows).clip(15).round(2)
    contract = draw.choice(["monthly", "one year", "two years"], rows, p=[0.5, 0.3, 0.2])
    senior = draw.random(rows) < 0.2
    city = draw.choice(["Bern", "Biel", "Basel", ""], rows, p=[0.4, 0.3, 0.2, 0.1])
    odds = 1.2 - tenure / 15 + (charges - 70) / 30 + 1.8 * (contract == "monthly") + 0.5 * senior
    churned = draw.random(rows) < 1 / (1 + np.exp(-odds))
    return [
        f"C-{number:05},{months},{'' if number % 17 == 0 else charge},{kind},{'yes' if old else 'no'},{town},"
        f"{'Yes' if gone else 'No'}"
        for number, (months, charge, kind, old, town, gone) in enumerate(
            zip(tenure, charges, contract, senior, city, churned, strict=True)
        )
    ]

"""Names of files, and what a model made of each is called: by the command line and by the pages."""

NAMED = {
    "Telco Churn (2).csv": "telco-churn-2",
    "2026-churn.tar.gz": "churn",
    "Pr\u00e4mien.csv": "pramien",
    "\u00dcBERWEISUNGEN gro\u00df.csv.gz": "uberweisungen-gross",
    "cr\u00e9dit_\u00e0_d\u00e9couvert.csv": "credit-a-decouvert",
    "S\u00f8rensen \u0141\u00f3d\u017a \u0152uvre.csv": "sorensen-lodz-oeuvre",
    "\u0130stanbul \u0131\u015f\u0131k.csv": "istanbul-isik",
    "\u041a\u0440\u0435\u0434\u0438\u0442.csv": "my-model",
    "\u96fb\u8a71.csv": "my-model",
    "---.csv": "my-model",
    f"{'long ' * 20}.csv": "long-long-long-long-long-long-long-long",
    "history.csv": "history-model",
    "champion.csv": "champion-model",
    "compare.csv": "compare-model",
    "docs.csv": "docs-model",
    "rollback.csv": "rollback-model",
    "a123456789abcdef.csv": "a123456789abcdef-model",
}

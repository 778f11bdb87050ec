"""Keys that are made of people's keys: short enough for S3 and for folders."""

from functions.core.registry.keys import rejected_key, rejected_prefix


def test_the_key_of_a_report_names_the_file() -> None:
    assert rejected_key("churn.csv", "0123456789abcdef01") == "rejected/churn.csv.0123456789abcdef.json"


def test_a_long_name_is_cut_at_a_letter_and_told_from_its_like() -> None:
    first, second = (f"{'ü' * 400}{end}.csv" for end in "ab")
    assert rejected_prefix(first) != rejected_prefix(second)
    for name in (first, second):
        key = rejected_key(name, "0" * 64)
        assert key.startswith(rejected_prefix(name))
        assert key.startswith("rejected/üüü")
        # The name of a file.
        assert len(key.removeprefix("rejected/").encode()) <= 255
        assert "\ufffd" not in key

"""The loader of YAML, with libyaml and without it."""

import runpy
from pathlib import Path

import pytest
import yaml

from functions.local.platform import safe_loader


def test_a_pyyaml_without_libyaml_is_read_with_its_own_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert runpy.run_path(str(Path(safe_loader.__file__)))["SafeLoader"] is yaml.SafeLoader


def test_both_loaders_read_the_same() -> None:
    text = "a: [1, 'two', null, 3.5, yes]\nb: &anchor\n  c: |\n    text\nd: *anchor\n"
    assert safe_loader.SafeLoader(text).get_single_data() == yaml.safe_load(text)

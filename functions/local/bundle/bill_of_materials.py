"""Bills of materials (CycloneDX 1.6) of bundles: the packages that are in them, held against the lock.

Of what wheels hold inside them, such as numpy's OpenBLAS, nothing is said.
"""

from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageMetadata, distributions
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.contrib.this.builders import this_component
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from functions.core import __version__
from functions.local.bundle.lock import Locked, normal_name, read_lock
from functions.local.bundle.recipe import BundleRefused

# What a lock calls the project: its groups of pyproject.toml are what a bundle requires by itself.
_PROJECT = "lifeboat "
_LONGEST_LICENSE = 100
_SAYS_NOTHING = {"", "UNKNOWN", "Dual License"}
_CLASSIFIER = "License :: "


def write_bills(bundles: Mapping[str, Path], root: Path, architecture: str, folder: Path) -> list[Path]:
    """Write a bill for each bundle into `folder`, none unless all are right. Returns the files.

    bundles: by the names of the functions' folders, such as predict; root: of the repository.
    Raises `BundleRefused` where a bundle is not what its lock says.
    """
    bills = {
        folder / f"{name}.cdx.json": as_text(
            bill(name, bundle, root / "functions" / name / "requirements.txt", architecture)
        )
        for name, bundle in bundles.items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in bills.items():
        path.write_text(text, encoding="utf-8")
    return [*bills]


def bill(name: str, bundle: Path, lock: Path, architecture: str) -> Bom:
    """The bill of the bundle in the folder `bundle`, that was made by `lock`. Raises `BundleRefused`."""
    locked = read_lock(lock)
    found = {normal_name(one.name): one for one in distributions(path=[str(bundle)])}
    if not any(bundle.rglob("*")):
        raise BundleRefused(f"{bundle} holds no bundle; `make build` makes one")
    _check(name, {key: one.version for key, one in found.items()}, locked)
    packages = {key: _component(package, found[key]) for key, package in locked.items()}
    whole = Component(
        type=ComponentType.APPLICATION,
        name=f"lifeboat-{name}",
        version=__version__,
        bom_ref=f"lifeboat-{name}@{__version__}",
        licenses=[_license("MIT")],
        properties=[Property(name="lifeboat:architecture", value=architecture)],
    )
    bom = Bom(components=packages.values(), metadata=BomMetaData(component=whole, tools=None, authors=None))
    bom.metadata.tools.components.add(this_component())
    bom.register_dependency(whole, [packages[key] for key in _required_by(_PROJECT, locked)])
    for key, package in packages.items():
        bom.register_dependency(package, [packages[other] for other in _required_by(key, locked)])
    return bom


def as_text(bom: Bom) -> str:
    """The bill as JSON. Raises `BundleRefused` where it does not fit the schema of CycloneDX."""
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise BundleRefused(f"the bill of materials does not fit the schema of CycloneDX: {wrong}")
    return f"{text}\n"


def _check(name: str, found: Mapping[str, str], locked: Mapping[str, Locked]) -> None:
    wanted = {key: package.version for key, package in locked.items()}
    if found == wanted:
        return
    (key, has), *_ = sorted({*found.items()} ^ {*wanted.items()})
    raise BundleRefused(
        f"the bundle of {name} is not what its lock says: {key} {has} is in one of them alone; `make build`"
    )


def _component(package: Locked, found: Distribution) -> Component:
    purl = PackageURL("pypi", name=normal_name(package.name), version=package.version)
    return Component(
        type=ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        bom_ref=purl.to_string(),
        purl=purl,
        description=_field(found.metadata, "Summary"),
        licenses=[*_licenses(found.metadata)],
        external_references=[
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                url=XsUri(purl.to_string()),
                comment="the file that was installed has one of these hashes",
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in package.sha256],
            )
        ],
    )


def _field(metadata: PackageMetadata, name: str) -> str | None:
    # Python 3.11 warns of a field that is not there, and has no type for `get`.
    return metadata[name] if name in metadata else None  # noqa: SIM401


def _licenses(metadata: PackageMetadata) -> Iterator[License]:
    """What a package says of its license: an expression, a name, or else its classifiers."""
    for field in ("License-Expression", "License"):
        said = (_field(metadata, field) or "").strip()
        # Some have the whole text in the field of the name.
        if said not in _SAYS_NOTHING and "\n" not in said and len(said) <= _LONGEST_LICENSE:
            yield _license(said)
            return
    for classifier in metadata.get_all("Classifier") or ():
        if classifier.startswith(_CLASSIFIER):
            yield _license(classifier.rpartition(" :: ")[2])


def _license(said: str) -> License:
    return LicenseFactory().make_from_string(said)


def _required_by(name: str, locked: Mapping[str, Locked]) -> Iterator[str]:
    """The packages that `name`, a package or the project, requires by itself."""
    for key, package in locked.items():
        if any(
            by.startswith(name) if name == _PROJECT else normal_name(by) == name for by in package.required_by
        ):
            yield key

"""Writes LICENCES.md and sbom.json (CycloneDX 1.6) of the packages beside this interpreter: the core install.

`requirements/renew` calls it in an environment that holds nothing else. The files have no dates and no serial numbers,
so that the same versions give the same bytes.
"""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PROJECT = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# In the words of SPDX, where a package only has the old classifiers.
CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
HEAD = """\
# Licences of what the core install brings

Made by `requirements/renew`; a test holds it against what is installed. These are the licences that the packages
state of themselves. Wheels of compiled packages carry libraries with licences of their own (OpenCV: FFmpeg, LGPL;
pillow-heif: libheif, LGPL, and x265, GPL; NumPy: OpenBLAS, BSD): their texts lie in the wheels. The extras (`parquet`,
`train`, `tune`, `dev`) are not part of this list.

| package | version | licence |
|---|---|---|
"""


def normal(name: str) -> str:
    """A package's name in its one spelling (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(package: Distribution) -> str:
    """What the package says of itself: an SPDX expression, or else a short text, or else its classifiers."""
    about = package.metadata
    if about["License-Expression"]:
        return str(about["License-Expression"])
    names = [text.split(" :: ")[-1] for text in about.get_all("Classifier", []) if text.startswith("License :: OSI")]
    if any(name in CLASSIFIERS for name in names):
        return " AND ".join(CLASSIFIERS.get(name, name) for name in names)
    stated = (about["License"] or "").strip()
    return stated if stated and "\n" not in stated and len(stated) < 60 else "unknown"


def needs(package: Distribution) -> set[str]:
    """The names of what a package requires without extras, on any system."""
    found = (text for text in package.requires or [] if "extra ==" not in text.replace("'", '"'))
    return {normal(re.split(r"[\s;<>=!~(\[]", text, maxsplit=1)[0]) for text in found}


def purl(name: str, version: str) -> str:
    return f"pkg:pypi/{normal(name)}@{version}"


def component(package: Distribution) -> dict[str, Any]:
    said = licence(package)
    kind = {"expression": said} if package.metadata["License-Expression"] else {"license": {"name": said}}
    reference = purl(package.name, package.version)
    return {
        "type": "library",
        "bom-ref": reference,
        "name": normal(package.name),
        "version": package.version,
        "purl": reference,
        "licenses": [kind],
    }


def sbom(packages: list[Distribution]) -> dict[str, Any]:
    references = {normal(package.name): purl(package.name, package.version) for package in packages}
    core = {normal(re.split(r"[\s;<>=!~(\[]", text, maxsplit=1)[0]) for text in PROJECT["dependencies"]}
    graph = {"faceannot": core} | {references[normal(package.name)]: needs(package) for package in packages}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "faceannot",
                "name": "faceannot",
                "licenses": [{"expression": PROJECT["license"]}],
            }
        },
        "components": [component(package) for package in packages],
        "dependencies": [
            {"ref": name, "dependsOn": sorted(references[one] for one in wanted if one in references)}
            for name, wanted in graph.items()
        ],
    }


def main() -> None:
    packages = sorted(distributions(), key=lambda package: normal(package.name))
    rows = [f"| {normal(package.name)} | {package.version} | {licence(package)} |\n" for package in packages]
    (FOLDER / "LICENCES.md").write_text(HEAD + "".join(rows), encoding="utf-8")
    (FOLDER / "sbom.json").write_text(json.dumps(sbom(packages), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

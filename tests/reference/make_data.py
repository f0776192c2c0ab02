#!/usr/bin/env python3
"""Packs the data that every build carries: src/data/digits.bin and src/data/fashion.bin.

    python3 tests/reference/make_data.py --check           compare with the committed files, write nothing
    python3 tests/reference/make_data.py                   write them
    python3 tests/reference/make_data.py --sources DIR     use (and keep) the downloads in DIR

Standard library only. What is missing in DIR is fetched from public sources:

    digits.csv.gz   UCI optical recognition of handwritten digits (CC BY 4.0), from the scikit-learn wheel on PyPI:
                    pip download --no-deps --only-binary :all: scikit-learn==1.9.1
    *-ubyte.gz      Fashion-MNIST (MIT), four IDX files, from the Debian package:
                    apt-get download dataset-fashion-mnist
                    Elsewhere than Debian, put the four files of https://github.com/zalandoresearch/fashion-mnist into DIR.

The format, which src/data/packed.rs reads: labels, two to a byte; then values, two to a byte; the first of a pair is the low half.
Digits have 17 levels: 16 is stored as 15, and behind the values stands one bit for every stored 15, lowest bit first, 1 where it was 16.
Fashion-MNIST: the first 300 rows of each class of the training set, then the first 100 of each class of the test set, both in file
order; each 2x2 block of pixels averaged to one of 16 levels, halves up.
"""

import argparse
import gzip
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "src" / "data"
SCIKIT_LEARN = "scikit-learn==1.9.1"
FASHION_PACKAGE = "dataset-fashion-mnist"

# sha256 of the unpacked sources: the compressed bytes may differ from one mirror to another, the data may not.
SOURCES = {
    "digits.csv.gz": "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8",
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def fetch_digits(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        # A wheel is a zip: any platform's and any Python's wheel holds the same data file.
        wheel_of = ["--platform", "manylinux_2_28_x86_64", "--python-version", "3.11"]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", *wheel_of]
        subprocess.run([*command, "--dest", scratch, SCIKIT_LEARN], check=True)
        (wheel,) = Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            (folder / "digits.csv.gz").write_bytes(archive.read("sklearn/datasets/data/digits.csv.gz"))


def fetch_fashion(folder: Path) -> None:
    if not shutil.which("dpkg-deb"):
        sys.exit("make_data: Fashion-MNIST is fetched with apt-get; elsewhere put its four *-ubyte.gz files into --sources DIR")
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["apt-get", "download", "-qq", FASHION_PACKAGE], cwd=scratch, check=True, stderr=subprocess.DEVNULL)
        (package,) = Path(scratch).glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", package, scratch], check=True)
        for path in Path(scratch, "usr/share/datasets/fashion-mnist").glob("*-ubyte.gz"):
            shutil.copy(path, folder)


def read(folder: Path, name: str) -> bytes:
    content = gzip.decompress((folder / name).read_bytes())
    found = hashlib.sha256(content).hexdigest()
    if found != SOURCES[name]:
        sys.exit(f"make_data: {folder / name} is not the file that was packed: sha256 {found}, expected {SOURCES[name]}")
    return content


def nibbles(values: list[int]) -> bytes:
    """Two values 0..15 to a byte, the low half first."""
    padded = values + [0] * (len(values) % 2)
    return bytes(low | high << 4 for low, high in zip(padded[::2], padded[1::2]))


def bits(flags: list[bool]) -> bytes:
    """Eight flags to a byte, the lowest bit first."""
    return bytes(sum(flag << bit for bit, flag in enumerate(flags[at : at + 8])) for at in range(0, len(flags), 8))


def pack_digits(folder: Path) -> bytes:
    rows = [[int(float(cell)) for cell in line.split(",")] for line in read(folder, "digits.csv.gz").decode().split()]
    labels = [row[64] for row in rows]
    values = [value for row in rows for value in row[:64]]
    return nibbles(labels) + nibbles([min(value, 15) for value in values]) + bits([value == 16 for value in values if value >= 15])


def idx(content: bytes) -> bytes:
    """The payload of an IDX file of bytes: behind two zeros, the type, the number of dimensions and their sizes."""
    assert content[:3] == b"\0\0\x08", "not an IDX file of unsigned bytes"
    return content[4 + 4 * content[3] :]


def half_size(image: bytes) -> list[int]:
    """28x28 pixels to 14x14 values 0..15. A block's sum is 4 * 255 at most, and 4 * 255 / 15 = 68; halves round up."""
    blocks = (28 * row + column for row in range(0, 28, 2) for column in range(0, 28, 2))
    return [(image[at] + image[at + 1] + image[at + 28] + image[at + 29] + 34) // 68 for at in blocks]


def first_of_each_class(folder: Path, part: str, count: int) -> tuple[list[int], list[int]]:
    images = idx(read(folder, f"{part}-images-idx3-ubyte.gz"))
    taken = [0] * 10
    labels, values = [], []
    for row, label in enumerate(idx(read(folder, f"{part}-labels-idx1-ubyte.gz"))):
        if taken[label] < count:
            taken[label] += 1
            labels.append(label)
            values += half_size(images[784 * row : 784 * (row + 1)])
    return labels, values


def pack_fashion(folder: Path) -> bytes:
    train_labels, train_values = first_of_each_class(folder, "train", 300)
    test_labels, test_values = first_of_each_class(folder, "t10k", 100)
    return nibbles(train_labels + test_labels) + nibbles(train_values + test_values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the committed files, write nothing")
    parser.add_argument("--sources", type=Path, metavar="DIR", help="where the downloads are, or go (default: a folder that is removed)")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.sources or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "digits.csv.gz").exists():
            fetch_digits(folder)
        if not all((folder / name).exists() for name in SOURCES):
            fetch_fashion(folder)
        packed = {"digits.bin": pack_digits(folder), "fashion.bin": pack_fashion(folder)}

    for name, content in packed.items():
        path = DATA / name
        same = path.exists() and path.read_bytes() == content
        if arguments.check:
            if not same:
                sys.exit(f"make_data: src/data/{name} is not what its sources give")
            print(f"src/data/{name}: {len(content)} bytes, as its sources give")
        else:
            if not same:
                path.write_bytes(content)
            print(f"src/data/{name}: {len(content)} bytes, {'unchanged' if same else 'written'}")


if __name__ == "__main__":
    main()

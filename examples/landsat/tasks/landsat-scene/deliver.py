#!/usr/bin/python3
"""Publishes the images and the reflectances: whoever looks sees a file whole, or not at all."""

import os
import pathlib
import shutil
import sys


def publish(source, folder):
    """Copies under a temporary name, onto the disk, and then gives it its name."""
    temporary = folder / f".{source.name}.{os.environ['ALTP_PROCESSING']}"
    with open(source, "rb") as content, open(temporary, "wb") as output:
        shutil.copyfileobj(content, output)
        output.flush()
        os.fsync(output.fileno())
    os.chmod(temporary, 0o644)
    os.rename(temporary, folder / source.name)
    directory = os.open(folder, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def main():
    scene = sys.argv[1]
    products = pathlib.Path("/products")
    names = [f"{scene}_rgb.png", f"{scene}_rgb.tif"]
    names += [f"{scene}_{band}_toa.tif" for band in ("red", "green", "blue")]
    for name in names:
        publish(pathlib.Path("/processing") / name, products)
        print(f"delivered {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

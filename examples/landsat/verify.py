#!/usr/bin/python3
"""Recomputes a delivered scene with plain numpy, independently of the example's scripts, and compares.

usage: verify.py SCENE_FOLDER PRODUCTS_FOLDER
"""

import json
import pathlib
import re
import sys
import warnings

import numpy
import rasterio

# A PNG has no georeference; the GeoTIFF beside it has.
warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)


def read(path):
    with rasterio.open(path) as source:
        return source.read()


def main():
    scene = pathlib.Path(sys.argv[1])
    products = pathlib.Path(sys.argv[2])
    name = scene.name
    text = (scene / f"{name}_MTL.json").read_text()
    value = lambda key: float(re.search(rf'"{key}"\s*:\s*"?([-+0-9.eE]+)', text).group(1))
    sine = numpy.sin(numpy.deg2rad(value("SUN_ELEVATION")))
    channels = []
    for color, band in (("red", 4), ("green", 3), ("blue", 2)):
        counts = read(scene / f"{name}_B{band}.TIF")[0].astype(numpy.float64)
        wanted = (counts * value(f"REFLECTANCE_MULT_BAND_{band}") + value(f"REFLECTANCE_ADD_BAND_{band}")) / sine
        wanted = numpy.where(counts == 0, numpy.nan, wanted)
        delivered = read(products / f"{name}_{color}_toa.tif")[0]
        if delivered.shape != wanted.shape or (numpy.isnan(delivered) != numpy.isnan(wanted)).any():
            return f"{color}: the shape or the no-data pixels differ"
        difference = numpy.nanmax(numpy.abs(delivered - wanted))
        if not difference <= 1e-6:
            return f"{color}: reflectance differs by {difference}"
        low, high = numpy.nanpercentile(wanted, [2, 98])
        byte = numpy.rint(numpy.clip((wanted - low) / (high - low), 0, 1) * 254 + 1)
        channels.append(numpy.where(numpy.isnan(wanted), 0, byte))
    image = read(products / f"{name}_rgb.png")
    wanted = numpy.stack(channels)
    if image.shape != wanted.shape:
        return f"the PNG is {image.shape}, not {wanted.shape}"
    difference = numpy.abs(image.mean(axis=(1, 2)) - wanted.mean(axis=(1, 2))).max()
    if difference > 0.05:
        return f"the PNG's channel means differ by {difference}"
    print(json.dumps({"scene": name, "shape": image.shape, "means": [round(m, 3) for m in image.mean(axis=(1, 2))]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

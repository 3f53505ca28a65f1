#!/usr/bin/python3
"""Computes top-of-atmosphere reflectance from a Landsat 8 Level-1 scene.

USGS, Landsat 8 Data Users Handbook, section 5.3:

    reflectance = (REFLECTANCE_MULT_BAND_n * DN + REFLECTANCE_ADD_BAND_n) / sin(SUN_ELEVATION)

DN 0 means no data, which becomes NaN here.
"""

import json
import math
import pathlib
import sys

import numpy
import rasterio
from rasterio.errors import RasterioError

BANDS = {"blue": 2, "green": 3, "red": 4}


def find(node, key):
    """The value of a key anywhere in the metadata: its groups differ between collections."""
    if isinstance(node, dict):
        if key in node:
            return node[key]
        for value in node.values():
            found = find(value, key)
            if found is not None:
                return found
    return None


def number(metadata, key):
    value = find(metadata, key)
    if value is None:
        raise KeyError(f"the metadata lacks {key}")
    return float(value)


def reflectance(counts, mult, add, sun_elevation):
    """Counts are digital numbers; the sun's elevation is in degrees."""
    result = (mult * counts.astype("float64") + add) / math.sin(math.radians(sun_elevation))
    result[counts == 0] = numpy.nan
    return result.astype("float32")


def calibrate(source, target, mult, add, sun_elevation):
    """Works block by block, so that memory does not grow with the scene."""
    with rasterio.open(source) as band:
        profile = band.profile
        profile.update(
            driver="GTiff", dtype="float32", nodata=float("nan"), count=1, compress="deflate", predictor=3,
            tiled=True, blockxsize=256, blockysize=256, BIGTIFF="IF_SAFER",
        )
        with rasterio.open(target, "w", **profile) as output:
            for _, window in output.block_windows(1):
                counts = band.read(1, window=window)
                output.write(reflectance(counts, mult, add, sun_elevation), 1, window=window)


def main():
    scene = sys.argv[1]
    folder = pathlib.Path("/processing")
    metadata = json.loads((folder / f"{scene}_MTL.json").read_text())
    sun_elevation = number(metadata, "SUN_ELEVATION")
    print(f"{scene}: sun elevation {sun_elevation} degrees")
    for name, band in BANDS.items():
        source = folder / f"{scene}_B{band}.TIF"
        mult = number(metadata, f"REFLECTANCE_MULT_BAND_{band}")
        add = number(metadata, f"REFLECTANCE_ADD_BAND_{band}")
        try:
            calibrate(source, folder / f"{scene}_{name}_toa.tif", mult, add, sun_elevation)
        except (RasterioError, OSError) as error:
            print(f"band {band} ({name}) cannot be read: {error}", file=sys.stderr)
            return 1
        print(f"calibrated band {band} ({name})")
    return 0


if __name__ == "__main__":
    sys.exit(main())

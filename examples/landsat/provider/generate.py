#!/usr/bin/python3
"""Generates small scenes in Landsat 8 Level-1 form: GeoTIFF bands 2, 3 and 4, and the metadata (MTL) as JSON."""

import json
import pathlib
import sys

import numpy
import rasterio
from rasterio.transform import from_origin

SIZE = 512
# The date is the year and its day in the identifier; then the sun's elevation in degrees.
SCENES = {
    "LC81930272024152LGN00": ("2024-05-31", 61.2),
    "LC81930272024168LGN00": ("2024-06-16", 62.9),
    "LC81940272024175LGN00": ("2024-06-23", 63.1),
}


def counts(seed, band):
    """A plausible landscape: smooth hills, fields and noise, with the slanted border of a scene as no data."""
    random = numpy.random.default_rng(seed * 10 + band)
    rows, columns = numpy.mgrid[0:SIZE, 0:SIZE] / SIZE
    hills = numpy.sin(7 * columns + seed) * numpy.cos(5 * rows + band)
    fields = ((columns * 16).astype(int) + (rows * 16).astype(int)) % 3
    values = 9000 + 300 * band + 1500 * hills + 500 * fields + random.normal(0, 60, (SIZE, SIZE))
    values[columns + 0.1 * rows < 0.06] = 0
    return numpy.clip(values, 0, 65535).astype("uint16")


def generate(folder, scene, date, sun_elevation, seed):
    target = folder / scene
    target.mkdir(parents=True, exist_ok=True)
    rescaling = {}
    for band in (2, 3, 4):
        with rasterio.open(
            target / f"{scene}_B{band}.TIF", "w", driver="GTiff", width=SIZE, height=SIZE, count=1, dtype="uint16",
            crs="EPSG:32632", transform=from_origin(600_000, 5_300_000, 30, 30), compress="lzw",
        ) as output:
            output.write(counts(seed, band), 1)
        rescaling[f"REFLECTANCE_MULT_BAND_{band}"] = 2.0e-05
        rescaling[f"REFLECTANCE_ADD_BAND_{band}"] = -0.1
    metadata = {
        "L1_METADATA_FILE": {
            "METADATA_FILE_INFO": {"LANDSAT_SCENE_ID": scene},
            "PRODUCT_METADATA": {
                "SPACECRAFT_ID": "LANDSAT_8", "SENSOR_ID": "OLI_TIRS", "DATE_ACQUIRED": date,
                "SCENE_CENTER_TIME": "10:04:21.5432100Z",
            },
            "IMAGE_ATTRIBUTES": {"CLOUD_COVER": 4.0 + seed, "SUN_ELEVATION": sun_elevation},
            "RADIOMETRIC_RESCALING": rescaling,
        }
    }
    (target / f"{scene}_MTL.json").write_text(json.dumps(metadata, indent=2))


def main():
    folder = pathlib.Path(sys.argv[1])
    for seed, (scene, (date, sun_elevation)) in enumerate(SCENES.items(), 1):
        generate(folder, scene, date, sun_elevation, seed)


if __name__ == "__main__":
    main()

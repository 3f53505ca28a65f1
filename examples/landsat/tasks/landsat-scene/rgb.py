#!/usr/bin/python3
"""Makes an image for people of the calibrated bands: stretched to 8 bits, as PNG and as GeoTIFF."""

import pathlib
import sys
import warnings

import numpy
import rasterio

# A PNG has no georeference; the GeoTIFF beside it has.
warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)

LOW, HIGH = 2, 98  # per cent of the pixels that become black and white


def stretch(band):
    """Maps the band's middle to 1..255; 0 is no data."""
    valid = numpy.isfinite(band)
    if not valid.any():
        return numpy.zeros(band.shape, "uint8")
    low, high = numpy.percentile(band[valid], (LOW, HIGH))
    scaled = (band - low) / max(high - low, 1e-9)
    result = numpy.rint(numpy.clip(numpy.nan_to_num(scaled), 0, 1) * 254 + 1).astype("uint8")
    result[~valid] = 0
    return result


def main():
    scene = sys.argv[1]
    folder = pathlib.Path("/processing")
    bands = []
    for name in ("red", "green", "blue"):
        with rasterio.open(folder / f"{scene}_{name}_toa.tif") as source:
            profile = source.profile
            bands.append(stretch(source.read(1)))
        print(f"stretched {name}")
    image = numpy.stack(bands)
    common = {"width": profile["width"], "height": profile["height"], "count": 3, "dtype": "uint8"}
    with rasterio.open(folder / f"{scene}_rgb.png", "w", driver="PNG", **common) as output:
        output.write(image)
    with rasterio.open(
        folder / f"{scene}_rgb.tif", "w", driver="GTiff", compress="deflate", photometric="RGB", nodata=0,
        crs=profile["crs"], transform=profile["transform"], **common,
    ) as output:
        output.write(image)
    print(f"made {scene}_rgb.png and .tif, {profile['width']} x {profile['height']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

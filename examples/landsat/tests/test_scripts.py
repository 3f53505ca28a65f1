"""Tests of the example's scripts, without a sandbox: python3 -m unittest discover -s examples/landsat/tests"""

import importlib.util
import math
import pathlib
import sys
import tempfile
import unittest

import numpy
import rasterio

FOLDER = pathlib.Path(__file__).parent.parent
sys.dont_write_bytecode = True


def script(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


calibrate = script(FOLDER / "tasks/landsat-scene/calibrate.py")
load = script(FOLDER / "tasks/landsat-scene/load.py")
rgb = script(FOLDER / "tasks/landsat-scene/rgb.py")
generate = script(FOLDER / "provider/generate.py")
provider = script(FOLDER / "provider/provider.py")


class Calibration(unittest.TestCase):
    def test_reflectance_follows_the_handbook(self):
        counts = numpy.array([[0, 5000, 10000]], "uint16")
        result = calibrate.reflectance(counts, 2e-5, -0.1, 30.0)
        self.assertTrue(math.isnan(result[0, 0]))
        self.assertAlmostEqual(result[0, 1], 0.0, places=6)
        self.assertAlmostEqual(result[0, 2], 0.2, places=6)

    def test_finds_metadata_in_any_group(self):
        self.assertEqual(calibrate.number({"A": {"B": {"SUN_ELEVATION": "45.5"}}}, "SUN_ELEVATION"), 45.5)
        with self.assertRaises(KeyError):
            calibrate.number({}, "SUN_ELEVATION")

    def test_generated_scene_is_calibrated_with_its_georeference(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            generate.generate(folder, "S", "2024-06-01", 45.0, 1)
            calibrate.calibrate(folder / "S/S_B2.TIF", folder / "out.tif", 2e-5, -0.1, 45.0)
            with rasterio.open(folder / "S/S_B2.TIF") as source, rasterio.open(folder / "out.tif") as output:
                self.assertEqual(source.transform, output.transform)
                self.assertEqual(output.dtypes, ("float32",))
                self.assertEqual((source.read(1) == 0).sum(), numpy.isnan(output.read(1)).sum())


class Loading(unittest.TestCase):
    def test_checks_size_and_checksum(self):
        digest = "1220" + "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        load.check("a", b"abc", {"file:size": 3, "file:checksum": digest})
        for content, size in ((b"abd", 3), (b"abc", 4)):
            with self.assertRaises(ValueError):
                load.check("a", content, {"file:size": size, "file:checksum": digest})


class Searching(unittest.TestCase):
    def test_filters_by_collection_time_and_clouds(self):
        item = {
            "id": "A", "collection": provider.COLLECTION,
            "properties": {"datetime": "2024-06-16T10:04:21.543Z", "eo:cloud_cover": 11.3},
        }
        for body, wanted in (
            ({}, True),
            ({"collections": [provider.COLLECTION], "datetime": "2013-01-01T00:00:00Z/.."}, True),
            ({"collections": ["sentinel-2"]}, False),
            ({"datetime": "../2024-06-16T00:00:00Z"}, False),
            ({"datetime": "2024-06-16T00:00:00Z/2024-06-17T00:00:00Z"}, True),
            ({"query": {"eo:cloud_cover": {"lte": 11.3}}}, True),
            ({"query": {"eo:cloud_cover": {"lt": 11.3}}}, False),
            ({"ids": ["B"]}, False),
        ):
            with self.subTest(body=body):
                self.assertEqual(provider.matches(item, body), wanted)

    def test_items_tell_what_the_metadata_says(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            generate.generate(folder, "S", "2024-06-16", 45.0, 3)
            catalogue = provider.Catalogue(folder, None, "S")
            item = catalogue.item(catalogue.scenes[0], "http://p")
            properties = {"datetime": "2024-06-16T10:04:21.543Z", "eo:cloud_cover": 7.0}
            self.assertEqual({key: item["properties"][key] for key in properties}, properties)
            self.assertEqual(sorted(item["assets"]), ["B2", "B3", "B4", "MTL"])
            # The checksum is that of the damaged file: only reading it finds the damage.
            damaged = catalogue.content(folder / "S/S_B4.TIF")
            self.assertNotEqual(damaged, (folder / "S/S_B4.TIF").read_bytes())
            load.check("B4", damaged, item["assets"]["B4"])


class Stretching(unittest.TestCase):
    def test_keeps_no_data_and_uses_the_whole_range(self):
        band = numpy.linspace(0, 1, 1000).reshape(10, 100)
        band[0, 0] = numpy.nan
        result = rgb.stretch(band)
        self.assertEqual(result[0, 0], 0)
        self.assertEqual(result[0, 1], 1)
        self.assertEqual(result[-1, -1], 255)

    def test_a_band_without_data_is_black(self):
        self.assertEqual(rgb.stretch(numpy.full((2, 2), numpy.nan)).max(), 0)


if __name__ == "__main__":
    unittest.main()

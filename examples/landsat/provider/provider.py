#!/usr/bin/python3
"""A small provider of scenes on loopback: the STAC API's item search (api.stacspec.org), items, and their files.

It misbehaves as real ones do, so that the example has something to show: with --fail-once it answers the first request
for a file of that scene with 503, and with --corrupt it serves that scene's red band damaged, with a checksum to match.
"""

import argparse
import datetime
import hashlib
import http.server
import json
import operator
import pathlib
import threading

COLLECTION = "landsat-c2-l1"


OPERATORS = {
    "eq": operator.eq, "neq": operator.ne, "lt": operator.lt, "lte": operator.le, "gt": operator.gt, "gte": operator.ge,
}


def matches(item, body):
    """Whether an item is what a search asks for: ids, collections, datetime (an instant or an interval) and query."""
    if "ids" in body and item["id"] not in body["ids"]:
        return False
    if "collections" in body and item["collection"] not in body["collections"]:
        return False
    if "datetime" in body:
        bounds = body["datetime"].split("/")
        start, end = (bounds * 2)[:2]
        taken = moment(item["properties"]["datetime"])
        if start not in ("", "..") and taken < moment(start) or end not in ("", "..") and taken > moment(end):
            return False
    for name, conditions in body.get("query", {}).items():
        value = item["properties"].get(name)
        if value is None or not all(OPERATORS[key](value, wanted) for key, wanted in conditions.items()):
            return False
    return True


def moment(text):
    return datetime.datetime.fromisoformat(text)


def find(node, key):
    """The value of a key in any group of the metadata."""
    for name, value in node.items():
        found = value if name == key else find(value, key) if isinstance(value, dict) else None
        if found is not None:
            return found
    return None


class Catalogue:
    """The scenes of a folder, one folder each."""

    def __init__(self, folder, fail_once, corrupt):
        self.scenes = sorted(path for path in folder.iterdir() if path.is_dir())
        self.failures = {fail_once} if fail_once else set()
        self.corrupt = corrupt
        self.lock = threading.Lock()

    def content(self, path):
        content = path.read_bytes()
        if path.parent.name == self.corrupt and path.name.endswith("_B4.TIF"):
            # As a broken transfer leaves it: the header is good, the middle is not.
            middle = len(content) // 2
            content = content[:middle] + b"\xff" * (len(content) // 4) + content[middle + len(content) // 4 :]
        return content

    def item(self, scene, url):
        assets = {}
        for path in sorted(scene.iterdir()):
            content = self.content(path)
            assets[path.stem.removeprefix(f"{scene.name}_")] = {
                "href": f"{url}/files/{scene.name}/{path.name}",
                "file:size": len(content),
                "file:checksum": "1220" + hashlib.sha256(content).hexdigest(),
            }
        metadata = json.loads((scene / f"{scene.name}_MTL.json").read_text())
        # The metadata has seven decimals, RFC 3339 as most read it three.
        time = f"{find(metadata, 'DATE_ACQUIRED')}T{find(metadata, 'SCENE_CENTER_TIME')[:12]}Z"
        properties = {
            "datetime": time, "eo:cloud_cover": float(find(metadata, "CLOUD_COVER")),
            "view:sun_elevation": float(find(metadata, "SUN_ELEVATION")), "platform": "landsat-8",
        }
        return {
            "type": "Feature", "stac_version": "1.0.0", "id": scene.name, "collection": COLLECTION, "geometry": None,
            "properties": properties, "assets": assets, "links": [],
        }

    def fails(self, scene):
        """True once for a scene that is to fail."""
        with self.lock:
            if scene in self.failures:
                self.failures.remove(scene)
                return True
            return False


class Handler(http.server.BaseHTTPRequestHandler):
    catalogue = None
    protocol_version = "HTTP/1.1"

    def reply(self, status, content, kind="application/json"):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/search":
            return self.reply(404, {"code": "NotFound", "description": self.path})
        try:
            return self.search(json.loads(body or b"{}"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return self.reply(400, {"code": "BadRequest", "description": str(error)})

    def search(self, body):
        items = [self.catalogue.item(scene, self.url) for scene in self.catalogue.scenes]
        items = [item for item in items if matches(item, body)]
        start, limit = int(body.get("token", 0)), int(body.get("limit", 10))
        links = []
        if start + limit < len(items):
            link = {"rel": "next", "method": "POST", "href": f"{self.url}/search", "body": {"token": start + limit}}
            links.append(link)
        page = {"type": "FeatureCollection", "features": items[start : start + limit], "links": links}
        return self.reply(200, page)

    def do_GET(self):
        parts = self.path.strip("/").split("/")
        scenes = {scene.name: scene for scene in self.catalogue.scenes}
        if parts[:1] == ["collections"] and len(parts) == 4 and parts[3] in scenes:
            return self.reply(200, self.catalogue.item(scenes[parts[3]], self.url))
        if parts[:1] == ["files"] and len(parts) == 3 and parts[1] in scenes:
            if self.catalogue.fails(parts[1]):
                return self.reply(503, {"code": "Busy", "description": "try again later"})
            path = scenes[parts[1]] / parts[2]
            if path.parent == scenes[parts[1]] and path.is_file():
                return self.reply(200, self.catalogue.content(path), "application/octet-stream")
        return self.reply(404, {"code": "NotFound", "description": self.path})

    def log_message(self, *arguments):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="a folder of scenes")
    parser.add_argument("--url-file", type=pathlib.Path, required=True, help="where to write the URL once it serves")
    parser.add_argument("--fail-once", help="a scene whose first file request fails")
    parser.add_argument("--corrupt", help="a scene whose red band is damaged")
    options = parser.parse_args()
    Handler.catalogue = Catalogue(options.folder, options.fail_once, options.corrupt)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    temporary = options.url_file.with_suffix(".new")
    temporary.write_text(f"http://127.0.0.1:{server.server_port}\n")
    temporary.rename(options.url_file)
    server.serve_forever()


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""A small provider of scenes on loopback: the STAC API's item search (api.stacspec.org), items, and their files.

It misbehaves as real ones do, so that the example has something to show: with --fail-once it answers the first request
for a file of that scene with 503, and with --corrupt it serves that scene's red band damaged, with a checksum to match.
"""

import argparse
import hashlib
import http.server
import json
import pathlib
import threading

COLLECTION = "landsat-c2-l1"


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
        return {
            "type": "Feature", "stac_version": "1.0.0", "id": scene.name, "collection": COLLECTION, "geometry": None,
            "properties": {"datetime": "2024-06-01T10:00:00Z", "eo:cloud_cover": 5.0}, "assets": assets, "links": [],
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
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path != "/search":
            return self.reply(404, {"code": "NotFound", "description": self.path})
        cloud_max = body.get("query", {}).get("eo:cloud_cover", {}).get("lte", 100)
        items = [self.catalogue.item(scene, self.url) for scene in self.catalogue.scenes]
        items = [item for item in items if item["properties"]["eo:cloud_cover"] <= cloud_max]
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

#!/usr/bin/python3
"""Asks a STAC API for Landsat 8 scenes, and emits an Event for each.

An Event is a line of JSON in the file that $ALTP_EVENTS names. Its id is the deduplication key, so that the same scene
may be found as often as it likes.
"""

import json
import os
import sys
import urllib.error
import urllib.request

SOFT = 75  # EX_TEMPFAIL: try again later


def search(url, cloud_max):
    """Yields the items of an item search, page after page."""
    body = {
        "collections": ["landsat-c2-l1"],
        "datetime": "2013-01-01T00:00:00Z/..",
        "query": {"eo:cloud_cover": {"lte": cloud_max}},
        "limit": 2,
    }
    next_url = f"{url}/search"
    for _ in range(1000):
        request = urllib.request.Request(
            next_url, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            page = json.load(response)
        yield from page["features"]
        link = next((link for link in page["links"] if link["rel"] == "next"), None)
        if link is None:
            return
        next_url = link["href"]
        body = {**body, **link.get("body", {})}
    raise RuntimeError("the provider's pages do not end")


def main():
    url = os.environ["PROVIDER"]
    cloud_max = float(os.environ.get("CLOUD_MAX", "100"))
    found = 0
    try:
        with open(os.environ["ALTP_EVENTS"], "a") as events:
            for item in search(url, cloud_max):
                event = {"type": "scene", "id": item["id"], "params": {"scene": item["id"]}}
                print(json.dumps(event), file=events)
                print(f"found {item['id']}, clouds {item['properties']['eo:cloud_cover']} %")
                found += 1
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        print(f"asking {url}: {error}", file=sys.stderr)
        return SOFT
    print(f"{found} scenes")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Tests of the package against a server on a real socket: python3 -m unittest discover -s clients/python/tests"""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from typing import Dict, List, Tuple
from unittest import mock

SOURCES = str(pathlib.Path(__file__).parent.parent / "src")
sys.path.insert(0, SOURCES)

import altp  # noqa: E402
from altp._values import seconds  # noqa: E402
from launcher import Answer, Launcher, Request  # noqa: E402

PROBLEM = {
    "type": "urn:altp:problem:invalid",
    "title": "The input is not valid",
    "status": 422,
    "detail": "key must be short",
    "errors": [{"field": "key", "detail": "must be short"}],
}
VARIABLES = {
    "ALTP_PROCESSING": "42",
    "ALTP_TASK": "landsat-scene",
    "ALTP_SCRIPT": "load",
    "ALTP_ATTEMPT": "2",
    "ALTP_EVENT": '{"type": "scene", "id": "LC08", "params": {"scene": "LC08"}}',
    "PARAM_CLOUD_MAX": "40",
}


def inside(path: str, **more: str) -> "mock._patch_dict":
    """The variables of a Script whose socket is at the path."""
    return mock.patch.dict(os.environ, {**VARIABLES, "ALTP_SOCKET": path, **more})


class Inside(unittest.TestCase):
    """What each function asks of the Launcher."""

    def asked(self, answer: object, status: int = 200) -> Launcher:
        launcher = Launcher([(status, answer)])
        self.addCleanup(launcher.__exit__, None, None, None)
        launcher.__enter__()
        patch = inside(launcher.path)
        patch.start()
        self.addCleanup(patch.stop)
        return launcher

    def check(self, launcher: Launcher, method: str, target: str, body: object) -> None:
        (request,) = launcher.requests
        self.assertEqual((request.method, request.target, request.body), (method, target, body))

    def test_emit(self) -> None:
        launcher = self.asked({"event": {"id": 7, "processings": [43]}, "duplicate": False}, 201)
        receipt = altp.emit("scene", id="LC08", params={"scene": "LC08", "clouds": 12.5, "night": True})
        assert receipt is not None
        self.assertEqual(receipt["event"]["processings"], [43])
        self.check(
            launcher,
            "POST",
            "/api/v1/events",
            {"type": "scene", "key": "LC08", "params": {"scene": "LC08", "clouds": 12.5, "night": True}},
        )

    def test_emit_on_success(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "events")
            with inside("/nowhere", ALTP_EVENTS=file):
                for name in ("a", "b\n\u00e4"):
                    self.assertIsNone(altp.emit("scene", id=name, params={"n": 1}, on_success=True))
                with self.assertRaises(ValueError):
                    altp.emit("scene", id="c", on_success=True, force=True)
            lines = [json.loads(line) for line in pathlib.Path(file).read_text().splitlines()]
        self.assertEqual([line["id"] for line in lines], ["a", "b\n\u00e4"])
        self.assertEqual(lines[0], {"type": "scene", "id": "a", "params": {"n": 1}})

    def test_progress(self) -> None:
        launcher = self.asked({"accepted": True})
        altp.progress(40, "band 4")
        self.check(launcher, "POST", "/api/v1/self/progress", {"percent": 40, "text": "band 4"})

    def test_label(self) -> None:
        launcher = self.asked({"labels": {"a/b": "1"}})
        altp.label("a/b", 1)
        self.check(launcher, "PUT", "/api/v1/self/labels/a%2Fb", {"value": "1"})

    def test_unlabel(self) -> None:
        launcher = self.asked({"labels": {}})
        altp.unlabel("quality")
        self.check(launcher, "DELETE", "/api/v1/self/labels/quality", None)

    def test_metric(self) -> None:
        launcher = self.asked({})
        altp.metric("clouds", 12, unit="%")
        self.check(launcher, "POST", "/api/v1/self/metrics", {"name": "clouds", "value": 12.0, "unit": "%"})

    def test_a_metric_is_a_number(self) -> None:
        launcher = self.asked({})
        for value in (float("nan"), float("inf")):
            with self.assertRaises(ValueError):
                altp.metric("clouds", value)
        self.assertEqual(launcher.requests, [])

    def test_again(self) -> None:
        launcher = self.asked({"at": "2026-11-24T12:30:01.250Z"})
        moment = altp.again(in_="10m", reason="not yet")
        self.assertEqual(moment, datetime.datetime(2026, 11, 24, 12, 30, 1, 250_000, datetime.timezone.utc))
        self.check(launcher, "POST", "/api/v1/self/again", {"seconds": 600, "reason": "not yet"})

    def test_reserve(self) -> None:
        launcher = self.asked({"wall_milliseconds": 9, "deadline": "2026-11-24T12:30:01.000Z"})
        self.assertEqual(altp.reserve(datetime.timedelta(minutes=20)).hour, 12)
        self.check(launcher, "POST", "/api/v1/self/reserve", {"seconds": 1200})

    def test_skip_rest(self) -> None:
        launcher = self.asked({"accepted": True})
        altp.skip_rest("all clouds")
        self.check(launcher, "POST", "/api/v1/self/skip-rest", {"reason": "all clouds"})

    def test_start_and_cancel(self) -> None:
        launcher = self.asked({"id": 43, "status": "waiting"}, 201)
        self.assertEqual(altp.start("a task", {"odd-name": 1}, scene="LC08")["id"], 43)
        self.check(launcher, "POST", "/api/v1/tasks/a%20task/trigger", {"params": {"odd-name": 1, "scene": "LC08"}})
        launcher = self.asked({"id": 43, "status": "cancelled"})
        altp.cancel(43)
        self.check(launcher, "POST", "/api/v1/processings/43/cancel", {})

    def test_context(self) -> None:
        with inside("/nowhere"):
            self.assertTrue(altp.context.inside)
            self.assertEqual(altp.context.reference, "42/load#2")
            self.assertEqual(altp.context.task, "landsat-scene")
            self.assertEqual(altp.context.param("cloud-max"), "40")
            self.assertEqual(altp.context.param("other", "x"), "x")
            event = altp.context.event
            assert event is not None
            self.assertEqual(event["id"], "LC08")
            with self.assertRaises(KeyError):
                altp.context.param("other")

    def test_outside_it_says_so(self) -> None:
        with mock.patch.dict(os.environ):
            os.environ.pop("ALTP_PROCESSING", None)
            self.assertFalse(altp.context.inside)
            for call in (
                lambda: altp.progress(1),
                lambda: altp.emit("scene", id="1"),
                lambda: altp.fail("x"),
                lambda: altp.self_(),
                lambda: altp.context.reference,
            ):
                with self.assertRaises(altp.OutsideSandbox):
                    call()

    def test_an_end_does_not_return(self) -> None:
        for call, outcome in (("fail", "hard"), ("soft_fail", "soft"), ("succeed", "success")):
            launcher = self.asked({"accepted": True}, 202)
            program = f"import altp; altp.{call}('why'); print('went on')"
            child = subprocess.Popen(
                [sys.executable, "-B", "-c", program],
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": SOURCES},
            )
            deadline = time.monotonic() + 10
            while not launcher.requests and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.2)
            self.assertIsNone(child.poll())
            # As the Launcher does.
            child.terminate()
            output, _ = child.communicate(timeout=10)
            self.assertEqual((child.returncode, output), (-signal.SIGTERM, b""))
            self.check(launcher, "POST", "/api/v1/self/end", {"outcome": outcome, "reason": "why"})


class Outside(unittest.TestCase):
    def client(self, launcher: Launcher, patience: float = 5) -> altp.Client:
        return altp.Client(socket=launcher.path, patience=patience)

    def test_a_list_comes_page_after_page(self) -> None:
        with Launcher([(200, {"items": [{"id": 9}, {"id": 8}], "next": "p7"}), (200, {"items": [{"id": 3}]})]) as there:
            items = self.client(there).processings(
                status=["failed", "cancelled"], task="a", label={"q": ["x:1", "y"]}, since="2026-11-24T00:00:00Z"
            )
            self.assertEqual(next(items)["id"], 9)
            # Only what is looked at is asked for.
            self.assertEqual(len(there.requests), 1)
            self.assertEqual([item["id"] for item in items], [8, 3])
            query = "status=failed&status=cancelled&task=a&label=q%3Ax%3A1&label=q%3Ay&since=2026-11-24T00%3A00%3A00Z"
            self.assertEqual(there.requests[0].target, f"/api/v1/processings?{query}&limit=200")
            self.assertEqual(there.requests[1].target, f"/api/v1/processings?{query}&limit=200&cursor=p7")

    def test_a_limit_is_one_over_all_pages(self) -> None:
        def answer(request: Request) -> Answer:
            count = int(request.target.rsplit("limit=", 1)[1].split("&")[0])
            return 200, {"items": [{"id": 1}] * count, "next": "p1"}

        with Launcher(answer) as there:
            self.assertEqual(len(list(self.client(there).events(type="scene", limit=250))), 250)
            self.assertEqual(len(there.requests), 2)

    def test_rerun_and_wait(self) -> None:
        answers: List[Answer] = [(200, {"status": "waiting"}), (200, {"status": "running"}), (200, {"status": "failed"})]
        with Launcher(answers) as there:
            client = self.client(there)
            client.rerun(42, from_="calibrate", current=True)
            self.assertEqual(there.requests[0].body, {"from": "calibrate", "current": True})
            self.assertEqual(client.wait(42, interval="10ms")["status"], "failed")

    def test_waiting_has_an_end(self) -> None:
        with Launcher(lambda _: (200, {"status": "running"})) as there:
            with self.assertRaises(TimeoutError):
                self.client(there).wait(42, timeout=0.1, interval=0.02)

    def test_a_log_is_read_to_its_end(self) -> None:
        content = b"line\n" * 10

        def answer(request: Request) -> Answer:
            offset = int(request.target.rsplit("offset=", 1)[1])
            return 200, content[offset : offset + 30]

        with Launcher(answer, headers={"Altp-Log-Size": "50"}) as there:
            self.assertEqual(self.client(there).log(42, "load", 1), content)
            self.assertEqual(len(there.requests), 2)

    def test_a_problem_is_an_exception(self) -> None:
        with Launcher([(422, PROBLEM), (403, {"detail": "No."}), (500, b"<html>")]) as there:
            client = self.client(there)
            with self.assertRaises(altp.Invalid) as invalid:
                client.label(42, "k", "v")
            self.assertEqual(invalid.exception.type, "urn:altp:problem:invalid")
            self.assertEqual((invalid.exception.field, str(invalid.exception)), ("key", "key must be short"))
            with self.assertRaises(altp.Forbidden):
                client.tasks()
            with self.assertRaises(altp.Problem) as problem:
                client.tasks()
            self.assertEqual((problem.exception.status, problem.exception.detail), (500, "<html>"))

    def test_a_stopping_launcher_is_asked_again(self) -> None:
        with Launcher([(503, {}), (503, {}), (201, {"id": 1})]) as there:
            self.assertEqual(self.client(there).start("a")["id"], 1)
            keys = {request.headers["idempotency-key"] for request in there.requests}
            self.assertEqual((len(there.requests), len(keys)), (3, 1))

    def test_it_says_when_to_ask_again(self) -> None:
        with Launcher([(429, {}), (200, [])], headers={"Retry-After": "1"}) as there:
            before = time.monotonic()
            self.client(there).tasks()
            self.assertGreaterEqual(time.monotonic() - before, 1)

    def test_a_restart_is_waited_for(self) -> None:
        with Launcher([(201, {"id": 1})]) as there:
            there.stop()
            timer = threading.Timer(0.4, there.restart)
            timer.start()
            self.assertEqual(self.client(there).start("a")["id"], 1)
            timer.join()

    def test_patience_ends(self) -> None:
        with Launcher([]) as there:
            there.stop()
            before = time.monotonic()
            with self.assertRaises(altp.Unreachable) as error:
                self.client(there, patience=0.5).tasks()
            self.assertLess(time.monotonic() - before, 3)
            self.assertIn(there.path, str(error.exception))

    def test_where_nothing_is_nothing_is_waited_for(self) -> None:
        before = time.monotonic()
        with self.assertRaises(altp.Unreachable):
            altp.Client(socket="/nowhere/altp.sock").tasks()
        self.assertLess(time.monotonic() - before, 1)

    def test_a_lost_answer_is_asked_for_again_where_that_is_safe(self) -> None:
        with Launcher([(0, None), (200, {"labels": {}})]) as there:
            self.client(there).label(42, "a", "b")
            self.assertEqual(len(there.requests), 2)
        with Launcher([(0, None), (201, {"id": 1})]) as there:
            with self.assertRaises(altp.Unreachable):
                self.client(there).start("a")
            self.assertEqual(len(there.requests), 1)

    def test_what_is_no_json(self) -> None:
        with Launcher([(200, b"ok")]) as there:
            with self.assertRaisesRegex(altp.Error, "no JSON"):
                self.client(there).tasks()

    def test_how_it_is_reached(self) -> None:
        cases: Tuple[Tuple[Dict[str, str], str], ...] = (
            ({}, "/run/altp/altp.sock"),
            ({"ALTP_PROCESSING": "1"}, "/run/altp.sock"),
            ({"ALTP_PROCESSING": "1", "ALTP_SOCKET": "/x"}, "/x"),
        )
        for variables, path in cases:
            with mock.patch.dict(os.environ, variables):
                for name in {"ALTP_PROCESSING", "ALTP_SOCKET"} - set(variables):
                    os.environ.pop(name, None)
                self.assertEqual(altp.Client()._transport.place, path)
        self.assertEqual(altp.Client(url="https://a.example:8443/")._transport.place, "https://a.example:8443")
        for url in ("a.example", "ftp://a.example", "https://"):
            with self.assertRaises(ValueError):
                altp.Client(url=url)
        with self.assertRaises(ValueError):
            altp.Client(socket="/x", url="https://a.example")


class Durations(unittest.TestCase):
    def test_they_are_read(self) -> None:
        for text, expected in (("10m", 600.0), ("1h30m", 5400), ("250ms", 0.25), ("7d", 604_800), ("2m1s5ms", 121.005)):
            self.assertAlmostEqual(seconds(text), expected)
        self.assertEqual((seconds(5), seconds(0.5), seconds(datetime.timedelta(hours=1))), (5, 0.5, 3600))

    def test_others_are_refused(self) -> None:
        for text in ("", "10", "m", "10 m", "10m ", "x10m", "-1s", "1.5h", "10M"):
            with self.assertRaises(ValueError):
                seconds(text)


class Package(unittest.TestCase):
    def test_its_version_is_the_product_s(self) -> None:
        source = pathlib.Path(__file__).parents[3] / "Sources/Wire/Values/ProductVersion.swift"
        self.assertIn(f'"{altp.__version__}"', source.read_text())

    def test_pip_installs_it_without_a_network(self) -> None:
        # As the host's Python does, with what Debian gives it.
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / "python"
            shutil.copytree(pathlib.Path(SOURCES).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
            target = pathlib.Path(folder) / "installed"
            command = "/usr/bin/python3 -m pip install --quiet --no-index --no-build-isolation --root-user-action ignore"
            installed = subprocess.run(
                [*command.split(), "--target", str(target), str(copy)], capture_output=True, text=True
            )
            self.assertEqual(installed.returncode, 0, installed.stdout + installed.stderr)
            self.assertTrue((target / "altp/py.typed").exists())
            found = subprocess.run(
                ["/usr/bin/python3", "-B", "-c", "import altp; print(altp.__file__, altp.__version__)"],
                capture_output=True,
                text=True,
                cwd=folder,
                env={"PYTHONPATH": str(target)},
            )
            self.assertEqual(found.stdout.split(), [str(target / "altp/__init__.py"), altp.__version__], found.stderr)

    def test_all_that_it_offers_is_explained(self) -> None:
        for name in altp.__all__:
            if not name.startswith("__"):
                self.assertTrue(getattr(altp, name).__doc__, name)


if __name__ == "__main__":
    unittest.main()

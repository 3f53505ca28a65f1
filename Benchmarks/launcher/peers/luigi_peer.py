"""Luigi with its local scheduler and two workers: `luigi_peer.py FOLDER`. A step's outcome is a file, as its targets are."""

import logging
import os
import subprocess
import sys

import luigi

from protocol import serve

folder = sys.argv[1]


class Step(luigi.Task):
    round = luigi.IntParameter()
    chain = luigi.IntParameter()
    step = luigi.IntParameter()

    def requires(self):
        return [Step(self.round, self.chain, self.step - 1)] if self.step > 1 else []

    def output(self):
        return luigi.LocalTarget(os.path.join(folder, f"{self.round}-{self.chain}-{self.step}"))

    def run(self):
        subprocess.run(["/bin/true"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        with self.output().open("w"):
            pass


def main():
    logging.disable(logging.WARNING)
    rounds = 0

    def round_of(steps, count):
        nonlocal rounds
        rounds += 1
        tasks = [Step(rounds, chain, steps) for chain in range(count)]
        if not luigi.build(tasks, local_scheduler=True, workers=2, log_level="ERROR"):
            raise SystemExit("luigi: a step did not succeed")

    # Its worker processes share standard output: what is printed there is nothing but the answers.
    serve(round_of)


main()

"""What huey runs; its consumer and who hands in both import this."""

import os
import subprocess

from huey import SqliteHuey

folder = os.environ["HUEY_FOLDER"]
# By default its commits are flushed, as ours are.
choices = {"fsync": False} if os.environ.get("HUEY_UNSAFE") else {}
huey = SqliteHuey("bench", filename=os.path.join(folder, "huey.db"), **choices)


@huey.task()
def step(*_):
    subprocess.run(["/bin/true"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    # None is not kept as a result.
    return 1

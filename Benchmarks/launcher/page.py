"""What the benchmark prints, and the same as JSON."""

import os


class Page:
    def __init__(self):
        self.result = {"format": 1, "rows": [], "skipped": {}, "remarks": []}

    def head(self, title):
        print(f"\n{title}", flush=True)

    def row(self, key, title, value, unit, spread=None, aim=None, is_met=None):
        """One figure, with the least and the most of what it is the median of, and its aim."""
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
        low, high = (min(spread), max(spread)) if spread else (None, None)
        print(f"  {value:9.{digits}f} {unit:5} {f'{low:.4g} – {high:.4g}' if spread else '':>17}  {title}"
              + (f"  (aim: {aim}: {'met' if is_met else 'MISSED'})" if aim else ""), flush=True)
        self.result["rows"].append({"key": key, "title": title, "value": value, "unit": unit, "least": low, "most": high,
                                    "aim": aim, "met": is_met})

    def say(self, text):
        print(f"  {text}", flush=True)
        self.result["remarks"].append(text)

    def skip(self, name, reason):
        print(f"  skipped {name}: {reason}", flush=True)
        self.result["skipped"][name] = str(reason)

    def missed(self):
        return [row["title"] for row in self.result["rows"] if row["aim"] and not row["met"]]


def machine_times():
    with open("/proc/stat") as file:
        values = [int(word) for word in file.readline().split()[1:9]]
    return {"steal": values[7], "all": sum(values)}


def about_machine(page, before, after, floor):
    """Which machine it was, and how far its figures can be trusted. `floor`: rates of the loop that never changes."""
    page.head("The machine")
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    page.say(f"{os.cpu_count()} processors ({model}), Linux {os.uname().release}, load "
             + " ".join(f"{value:.1f}" for value in os.getloadavg()))
    page.say(f"{100 * (after['steal'] - before['steal']) / max(1, after['all'] - before['all']):.1f} % of the time was "
             "stolen by other guests")
    if floor:
        middle = sorted(floor)[len(floor) // 2]
        page.say(f"noise: the same loop of fork and exec ran between {min(floor) / middle * 100:.0f} and "
                 f"{max(floor) / middle * 100:.0f} % of its median")

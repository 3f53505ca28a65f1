"""What the benchmark prints, and the same as JSON."""

import os
import time


class Page:
    def __init__(self):
        self.result = {"format": 1, "rows": [], "skipped": {}, "remarks": []}

    def head(self, title):
        print(f"\n{title}", flush=True)

    def row(self, key, title, value, unit, spread=None, aim=None, is_met=None):
        """One figure, with the least and the most of what it is the median of, and its aim."""
        low, high = (min(spread), max(spread)) if spread else (None, None)
        print(f"  {figure(value):>9} {unit:5} {f'{figure(low)} – {figure(high)}' if spread else '':>17}  {title}"
              + (f"  (aim: {aim}: {'met' if is_met else 'MISSED'})" if aim else ""), flush=True)
        self.result["rows"].append({"key": key, "title": title, "value": value, "unit": unit, "least": low, "most": high,
                                    "aim": aim, "met": is_met})

    def say(self, text):
        print(f"  {text}", flush=True)
        self.result["remarks"].append(text)

    def skip(self, name, reason):
        print(f"  skipped {name}: {reason}", flush=True)
        self.result["skipped"][name] = str(reason)

    def markdown(self):
        """The table of docs/benchmarks.md."""
        lines = [f"{self.result['date']}, on {self.result['machine']}.", "", "| what | median | least – most | aim |",
                 "|---|--:|--:|---|"]
        for row in self.result["rows"]:
            spread = "" if row["least"] is None else f"{figure(row['least'])} – {figure(row['most'])}"
            aim = f"{row['aim']}: {'met' if row['met'] else '**missed**'}" if row["aim"] else ""
            lines.append(f"| {row['title']} | {figure(row['value'])} {row['unit']} | {spread} | {aim} |")
        for name, reason in self.result["skipped"].items():
            lines.append(f"| {name} | | | skipped: {reason} |")
        if ratios := self.result.get("ratios"):
            lines += ["", "| steps a second, as a multiple of | bare sandboxes | fork and exec | huey | huey, unflushed |",
                      "|---|--:|--:|--:|--:|"]
            for title, values in ratios.items():
                lines.append(f"| {title} | " + " | ".join("" if value is None else f"{value:.3f}" for value in values) + " |")
        return "\n".join(lines + [""] + [f"- {text}" for text in self.result["remarks"]]) + "\n"

    def missed(self):
        return [row["title"] for row in self.result["rows"] if row["aim"] and not row["met"]]


def figure(value):
    return f"{value:.{0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f}"


def machine_times():
    with open("/proc/stat") as file:
        values = [int(word) for word in file.readline().split()[1:9]]
    return {"steal": values[7], "all": sum(values)}


def about_machine(page, before, after, floor):
    """Which machine it was, and how far its figures can be trusted. `floor`: rates of the loop that never changes."""
    page.head("The machine")
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    page.result["date"] = time.strftime("%Y-%m-%d")
    page.result["machine"] = f"{os.cpu_count()} processors ({model}), Linux {os.uname().release}"
    page.say(page.result["machine"] + ", load " + " ".join(f"{value:.1f}" for value in os.getloadavg()))
    page.say(f"{100 * (after['steal'] - before['steal']) / max(1, after['all'] - before['all']):.1f} % of the time was "
             "stolen by other guests")
    if floor:
        middle = sorted(floor)[len(floor) // 2]
        page.say(f"noise: the same loop of fork and exec ran between {min(floor) / middle * 100:.0f} and "
                 f"{max(floor) / middle * 100:.0f} % of its median")

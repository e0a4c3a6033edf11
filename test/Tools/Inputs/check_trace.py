"""check_trace.py FILE LAUNCHES THREADS [RUNS] - a trace of so many launches per run, spans of one thread in order and not overlapping."""
import collections
import json
import sys

events = json.load(open(sys.argv[1]))["traceEvents"]
launches, threads = int(sys.argv[2]), int(sys.argv[3])
spans = [e for e in events if e["ph"] == "X"]
assert {e["args"]["launch"] for e in spans} == set(range(launches)), "each launch is there"
assert {e["tid"] for e in spans} <= set(range(threads)) and all(e["args"]["tiles"] > 0 and e["dur"] >= 0 for e in spans)
assert any("Convolution28" in e["args"]["nodes"] for e in spans)
tiles, runs = collections.Counter(), collections.Counter()
for e in spans:
    tiles[e["args"]["launch"]] += e["args"]["tiles"]
    runs[e["args"]["launch"]] += e["tid"] == 0
if len(sys.argv) > 4:
    assert all(n <= int(sys.argv[4]) for n in runs.values()), runs
    assert all(n % int(sys.argv[4]) == 0 for n in tiles.values()), "each run computes all tiles"
for thread in range(threads):
    mine = [e for e in spans if e["tid"] == thread]
    assert all(a["ts"] + a["dur"] <= b["ts"] + 1e-3 for a, b in zip(mine, mine[1:])), "spans of a thread follow each other"

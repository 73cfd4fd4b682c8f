"""Makes the data of this example in the folder given: three months of a shop's orders as CSV,
and a Git repository. The same each time; prints what the report must find, as JSON.
"""

import json
import os
import pathlib
import subprocess
import sys

REGIONS = ["north", "south", "east", "west"]
ROWS_PER_MONTH = 1500


def rows(month):
    """The orders of a month: (id, day, region, sku, quantity, cents)."""
    state = 12345 + month
    for number in range(ROWS_PER_MONTH):
        state = (state * 1103515245 + 12345) % 2**31
        yield (
            f"{month:02}-{number:05}",
            f"2026-{month:02}-{1 + state // 7 % 28:02}",
            REGIONS[state // 64 % 4],
            f"SKU-{state // 256 % 200:04}",
            1 + state // 1024 % 9,
            199 + state // 4096 % 9800,
        )


def main(folder):
    orders = folder / "orders"
    orders.mkdir(parents=True, exist_ok=True)
    for old in ["shop.db", "memory.jsonl"]:
        (folder / old).unlink(missing_ok=True)
    cents = dict.fromkeys(REGIONS, 0)
    for month in (7, 8, 9):
        lines = ["id,day,region,sku,quantity,cents"]
        for row in rows(month):
            lines.append(",".join(map(str, row)))
            cents[row[2]] += row[4] * row[5]
        (orders / f"2026-{month:02}.csv").write_text("\n".join(lines) + "\n")
    repo = folder / "repo"
    if not repo.exists():
        repo.mkdir()
        git = ["git", "-C", str(repo), "-c", "user.name=Shop", "-c", "user.email=shop@example.com"]
        when = "2026-09-30T12:00:00+0000"
        env = os.environ | {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        subprocess.run([*git, "init", "--quiet"], check=True)
        subprocess.run(
            [*git, "commit", "--quiet", "--allow-empty", "-m", "Close the third quarter"],
            check=True,
            env=env,
        )
    print(json.dumps({"orders": 3 * ROWS_PER_MONTH, "cents": cents}))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))

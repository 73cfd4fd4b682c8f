"""An agent's client, by the official Python SDK. It starts a gateway, asks it, and watches it end.

Standard input holds one JSON object:

* `gateway`: the command line of `workroom serve`;
* `transport`: `stdio` or `http`;
* `mode`: `legacy` for the handshake by `initialize`, `auto` for the newest revision both speak;
* `asks`: a list of `[tool, arguments]`, asked one after another; an argument `$RUN` is the id of
  the run before, as an agent reads it in the header line.

Standard output gets one: the protocol's `version`, the names of the `tools`, what is `listed` of
each, for each ask its `text`, whether it `failed` and its `run`, how many `processes` the gateway
was, and which are `left` once it ended.
"""

import asyncio
import contextlib
import json
import os
import pathlib
import select
import subprocess
import sys

from mcp import Client, StdioServerParameters

# Long enough for six servers to end on a busy machine.
END_TIMEOUT_S = 30


def descendants(ancestor):
    """The processes below one, as handles that stay theirs when a number is used again."""
    children = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # The program's name, in parentheses, may hold anything.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = {}, [ancestor]
    while waiting:
        for child in children.get(waiting.pop(), []):
            waiting.append(child)
            with contextlib.suppress(OSError):
                name = pathlib.Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
                found[os.pidfd_open(child)] = name
    return found


def left(processes):
    """Those that have not ended in time."""
    late = []
    for handle, name in processes.items():
        ready, _, _ = select.select([handle], [], [], END_TIMEOUT_S)
        if not ready:
            late.append(name)
    return late


@contextlib.contextmanager
def server(plan):
    """What the SDK connects to."""
    command, *arguments = plan["gateway"]
    if plan["transport"] == "stdio":
        yield StdioServerParameters(command=command, args=arguments, env=dict(os.environ))
        return
    gateway = subprocess.Popen(
        [command, *arguments, "--http", "127.0.0.1:0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = gateway.stderr.readline()
        says, _, url = line.strip().partition("listening on ")
        if says or not url:
            raise RuntimeError(f"the gateway said {line!r} and not where it listens")
        yield url
    finally:
        gateway.terminate()
        out, _ = gateway.communicate(timeout=END_TIMEOUT_S)
    if out or gateway.returncode:
        raise RuntimeError(f"the gateway ended with {gateway.returncode} and wrote {out!r}")


async def ask(client, tool, arguments):
    result = await client.call_tool(tool, arguments)
    return {
        "text": "\n".join(block.text for block in result.content),
        "failed": bool(result.is_error),
        "run": (result.meta or {}).get("workroom/run"),
    }


async def main(plan):
    seen, processes = {}, {}
    with server(plan) as target:
        async with Client(target, mode=plan["mode"]) as client:
            seen["version"] = client.protocol_version
            listed = (await client.list_tools()).tools
            seen["tools"] = [tool.name for tool in listed]
            seen["listed"] = [tool.model_dump_json(exclude_none=True) for tool in listed]
            seen["asks"], before = [], None
            for tool, arguments in plan["asks"]:
                known = {name: before if it == "$RUN" else it for name, it in arguments.items()}
                seen["asks"].append(await ask(client, tool, known))
                before = (seen["asks"][-1]["run"] or {}).get("run", before)
            if sys.platform == "linux":
                processes = descendants(os.getpid())
    seen["processes"] = len(processes)
    seen["left"] = left(processes)
    return seen


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.load(sys.stdin)))))

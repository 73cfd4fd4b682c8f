"""An agent's client, by the official Python SDK: looks around, runs the example's script.

Arguments: `stdio` with the gateway's command line, or `http` with its address; then the script's
path. Prints what it saw as one JSON object.
"""

import asyncio
import json
import pathlib
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client


def text(result):
    return "\n".join(block.text for block in result.content)


async def look_and_run(session, script):
    await session.initialize()
    seen = {"tools": [tool.name for tool in (await session.list_tools()).tools]}
    seen["servers"] = text(await session.call_tool("read_file", {"path": "./servers"}))
    query = {"query": "read the contents of a text file", "limit": 3}
    seen["search"] = text(await session.call_tool("search", query))
    seen["file"] = text(
        await session.call_tool("read_file", {"path": "./servers/sqlite/readQuery.ts"})
    )
    result = await session.call_tool("run_code", {"code": script, "timeout_s": 50})
    seen["failed"] = bool(result.is_error)
    seen["result"] = text(result)
    seen["run"] = result.meta["workroom/run"]
    again = await session.call_tool(
        "run_code", {"code": "orders.length", "session": seen["run"]["session"]}
    )
    seen["again"] = text(again)
    return seen


async def main(kind, *arguments):
    *gateway, script = arguments
    script = pathlib.Path(script).read_text()
    if kind == "stdio":
        transport = stdio_client(StdioServerParameters(command=gateway[0], args=gateway[1:]))
    else:
        transport = streamable_http_client(gateway[0])
    async with transport as streams:
        async with ClientSession(streams[0], streams[1]) as session:
            print(json.dumps(await look_and_run(session, script)))


asyncio.run(main(*sys.argv[1:]))

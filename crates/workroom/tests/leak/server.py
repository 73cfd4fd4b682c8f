"""A clinic with made-up patients, or an archive that writes down what it is sent."""

import json
import sys

GIVEN = ["Aurelia", "Benedikt", "Cassandra", "Dietrich", "Eleonora", "Ferdinand", "Genevieve",
         "Hildegard", "Ignatius", "Josephine"]
FAMILY = ["Abernathy", "Blackwood", "Castellano", "Davenport", "Eisenhower", "Fitzgerald",
          "Greenfield", "Hawthorne", "Ivanovich", "Jankowski"]
MIDDLE = ["Quentin", "Rosalind", "Sebastian", "Theodora", "Ulysses", "Valentina", "Wolfgang",
          "Xanthippe", "Yolanda", "Zachariah"]


def patient(n):
    """Patient `n`: the test makes the same values to look for them."""
    given, middle, family = GIVEN[n % 10], MIDDLE[n // 10 % 10], FAMILY[n // 100 % 10]
    return {
        "id": f"P{n:05d}",
        "name": f"{given} {middle} {family}",
        "email": f"{given}.{family}{n:04d}@example.org".lower(),
        "phone": f"+1 415 {200 + n // 100 % 700:03d} {1000 + n * 7 % 9000:04d}",
        "ssn": f"{501 + n // 50:03d}-{11 + n % 80:02d}-{2000 + n * 3 % 7000:04d}",
        "address": {"street": f"{100 + n} {FAMILY[n % 10]} Avenue"},
        "visits": n % 7,
    }


def note(n):
    it = patient(n)
    return (f"Seen today. Reach {it['name']} at {it['email']} or {it['phone']}. "
            f"SSN {it['ssn']}, lives at {it['address']['street']}.")


def call(name, given):
    if name == "list_patients":
        first = int(given.get("page", 0)) * 100
        return {"patients": [patient(n) for n in range(first, min(first + 100, 1000))]}
    if name == "get_patient":
        return patient(int(given["id"][1:]))
    if name == "get_note":
        return note(int(given["id"][1:]))
    if name == "fail":
        raise ValueError("cannot save: " + note(int(given["id"][1:])))
    if name == "keep":
        with open(sys.argv[2], "a") as file:
            file.write(json.dumps(given) + "\n")
        return {"kept": True, "echo": given}
    raise ValueError(f"no tool {name}")


def tool(name, about, *names):
    properties = {name: {"type": "string"} for name in names}
    return {"name": name, "description": about,
            "inputSchema": {"type": "object", "properties": properties}}


CLINIC = [
    tool("list_patients", "A page of a hundred patients.", "page"),
    tool("get_patient", "One patient, such as " + json.dumps(patient(7)) + ".", "id"),
    tool("get_note", "The note of the last visit, as text.", "id"),
    tool("fail", "Fails, and says too much.", "id"),
]
ARCHIVE = [tool("keep", "Keeps a text.", "text")]


def answer(message):
    method, params = message.get("method"), message.get("params", {})
    if method == "initialize":
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}},
                "serverInfo": {"name": sys.argv[1], "version": "1"},
                "instructions": "Ask " + patient(3)["name"] + ", " + patient(3)["email"] + "."}
    if method == "tools/list":
        return {"tools": CLINIC if sys.argv[1] == "clinic" else ARCHIVE}
    if method == "tools/call":
        try:
            result = call(params["name"], params.get("arguments", {}))
        except ValueError as error:
            return {"content": [{"type": "text", "text": str(error)}], "isError": True}
        text = result if isinstance(result, str) else json.dumps(result)
        return {"content": [{"type": "text", "text": text}]}
    return None


for line in sys.stdin:
    message = json.loads(line)
    if "id" in message and "method" in message:
        result = answer(message)
        reply = {"jsonrpc": "2.0", "id": message["id"]}
        if result is None:
            reply["error"] = {"code": -32601, "message": "Method not found"}
        else:
            reply["result"] = result
        print(json.dumps(reply), flush=True)
        print("served", json.dumps(result)[:400], file=sys.stderr, flush=True)

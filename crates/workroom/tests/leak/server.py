"""A clinic with made-up patients, an archive that writes down what it is sent, or one that is odd."""

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
        raise ValueError("cannot save: " + note(int(given.get("id", "P00016")[1:])))
    if name == "chart":
        it = patient(int(given["id"][1:]))
        return {"content": [
            {"type": "text", "text": note(int(given["id"][1:]))},
            {"type": "resource", "resource": {"uri": "chart://" + given["id"],
             "mimeType": "application/json", "text": json.dumps(it)}},
            {"type": "resource_link", "uri": "chart://letter", "name": "letter",
             "title": "Letter to " + it["name"], "description": "for " + it["email"]},
        ], "structuredContent": {"patient": it, "by_email": {it["email"]: it["id"]}},
            "_meta": {"patient": it}}
    if name == "crash":
        raise LookupError("no table for " + note(int(given["id"][1:])))
    if name == "echo":
        return {"given": given, "patient": patient(14)}
    if name == "text":
        return given.get("text", "") + note(15)
    if name == "keep":
        with open(sys.argv[2], "a") as file:
            file.write(json.dumps(given) + "\n")
        return {"kept": True, "echo": given}
    raise ValueError(f"no tool {name}")


def tool(name, about, *names):
    properties = {name: {"type": "string", "description": "As of " + patient(5)["email"],
                         "examples": [patient(6)["ssn"]]} for name in names}
    return {"name": name, "title": "For " + patient(8)["name"], "description": about,
            "inputSchema": {"type": "object", "properties": properties}}


def tell(params):
    """What servers say beside their answers."""
    asked = str(params.get("arguments", {}).get("id", ""))[1:]
    about = note(int(asked) if asked.isdigit() else 9)
    token = params.get("_meta", {}).get("progressToken")
    if token is not None:
        send({"method": "notifications/progress",
              "params": {"progressToken": token, "progress": 1, "total": 2, "message": about}})
    send({"method": "notifications/message", "params": {"level": "error", "data": about}})


def send(message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)



CLINIC = [
    tool("list_patients", "A page of a hundred patients.", "page"),
    tool("get_patient", "One patient, such as " + json.dumps(patient(7)) + ".", "id"),
    tool("get_note", "The note of the last visit, as text.", "id"),
    tool("fail", "Fails, and says too much.", "id"),
    tool("chart", "All there is of a patient, in every form that a result may have.", "id"),
    tool("crash", "Fails as a request does.", "id"),
]
TOOLS = {
    "clinic": CLINIC,
    "archive": [tool("keep", "Keeps a text.", "text")],
    "odd": [{"name": name, "inputSchema": {"type": "object"}} for name in ["echo", "text", "fail"]],
}


def answer(message):
    method, params = message.get("method"), message.get("params", {})
    if method == "initialize":
        return {"protocolVersion": params["protocolVersion"],
                "capabilities": {"tools": {}, "logging": {}},
                "serverInfo": {"name": sys.argv[1], "version": "1"},
                "instructions": "Ask " + patient(3)["name"] + ", " + patient(3)["email"] + "."}
    if method == "tools/list":
        return {"tools": TOOLS[sys.argv[1]]}
    if method == "tools/call":
        try:
            result = call(params["name"], params.get("arguments", {}))
        except ValueError as error:
            return {"content": [{"type": "text", "text": str(error)}], "isError": True}
        if params["name"] == "chart":
            return result
        text = result if isinstance(result, str) else json.dumps(result)
        return {"content": [{"type": "text", "text": text}]}
    return None


for line in sys.stdin:
    message = json.loads(line)
    if "id" in message and "method" in message:
        if message["method"] == "tools/call":
            tell(message["params"])
        error = {"code": -32601, "message": "Method not found"}
        try:
            result = answer(message)
        except LookupError as fault:
            result = None
            error = {"code": -32000, "message": str(fault), "data": {"row": patient(12)}}
        reply = {"error": error} if result is None else {"result": result}
        send({"id": message["id"], **reply})
        print("served", json.dumps(result)[:400], file=sys.stderr, flush=True)

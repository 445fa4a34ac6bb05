"""PyTorch's side of bench_train.ts: the same networks, one line of JSON per order on stdin.

    python3 lib/tasks/bench_torch.py W eager
"""

import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

SHAPES = {"W": (4, 4, 128, 2048, 128, 32), "W2": (8, 8, 256, 32, 256, 16), "P": (8, 8, 256, 32, 1023, 4)}


class Layer(nn.Module):
    def __init__(self, C, H):
        super().__init__()
        self.H = H
        self.norm1, self.norm2 = nn.LayerNorm(C), nn.LayerNorm(C)
        self.qkv, self.project = nn.Linear(C, 3 * C), nn.Linear(C, C)
        self.expand, self.contract = nn.Linear(C, 4 * C), nn.Linear(4 * C, C)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(B, T, 3, self.H, C // self.H).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, C)
        x = x + self.project(y)
        return x + self.contract(F.gelu(self.expand(self.norm2(x)), approximate="tanh"))


class ChessFormer(nn.Module):
    def __init__(self, L, H, C, V, T):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(V, C), nn.Embedding(T, C)
        self.layers = nn.ModuleList(Layer(C, H) for _ in range(L))
        self.norm = nn.LayerNorm(C)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions.weight
        for layer in self.layers:
            x = layer(x)
        return self.norm(x) @ self.tokens.weight.T


def channel_norm(norm, x):  # free of copies: x is channels-last in memory
    return norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class BoardNet(nn.Module):
    def __init__(self, F_, blocks, K):
        super().__init__()
        conv = lambda a, b: nn.Conv2d(a, b, 3, padding=1)
        self.stem = conv(18, F_)
        self.norms = nn.ModuleList(nn.LayerNorm(F_) for _ in range(blocks + 1))
        self.convs = nn.ModuleList(conv(F_, F_) for _ in range(2 * blocks))
        self.query, self.key, self.promotion = nn.Linear(F_, K), nn.Linear(F_, K), nn.Linear(F_, 9)

    def forward(self, planes):
        x = self.stem(planes)
        for i in range(len(self.norms) - 1):
            y = self.convs[2 * i](F.relu(channel_norm(self.norms[i], x)))
            x = x + self.convs[2 * i + 1](F.relu(y))
        s = F.relu(channel_norm(self.norms[-1], x)).permute(0, 2, 3, 1).flatten(1, 2)
        moves = self.query(s) @ self.key(s).transpose(1, 2) * self.query.out_features**-0.5
        return torch.cat([moves, self.promotion(s)], -1).flatten(1)


def main(workload, mode, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    if workload == "B":
        model = BoardNet(64, 5, 32).to(memory_format=torch.channels_last)
        x = torch.randn(256, 18, 8, 8).to(memory_format=torch.channels_last)
        y = torch.arange(256) * 7 % 4672
        illegal = torch.arange(256 * 4672).view(256, 4672) % 13 != 0
        illegal[torch.arange(256), y] = False
        loss_of = lambda net: F.cross_entropy(net(x).masked_fill(illegal, -1e9), y)
    else:
        L, H, C, V, T, B = SHAPES[workload]
        model = ChessFormer(L, H, C, V, T)
        x = (torch.arange(B * T) * 7919 % V).view(B, T)
        y = torch.arange(B * T) * 104729 % V
        loss_of = lambda net: F.cross_entropy(net(x).view(-1, V), y)
    net = torch.compile(model) if mode == "compiled" else model
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, (0.9, 0.95), fused=True)

    def train():
        optimizer.zero_grad()
        loss = loss_of(net)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    def forward():
        with torch.no_grad():
            net(x)

    train(), train(), forward()
    print(json.dumps({"ready": f"PyTorch {torch.__version__} {mode}, {threads} threads"}), flush=True)
    for line in sys.stdin:
        what, steps = line.split()
        start = time.perf_counter()
        for _ in range(int(steps)):
            (train if what == "train" else forward)()
        print(json.dumps({"ms": (time.perf_counter() - start) / int(steps) * 1000}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

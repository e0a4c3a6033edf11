"""Writes attentions-script.onnx and attentions-dynamo.onnx: attention in the forms of PyTorch's own modules and of transformers' models,
as PyTorch's two exporters write them. Made with torch 2.15.0; the tests only read the files.

    python export-attentions.py FOLDER
"""
import math
import sys

import onnx
import torch
from torch import nn
from torch.nn import functional as F

BATCH, TOKENS, HEADS, WIDTH = 2, 12, 4, 8
LOWEST = torch.finfo(torch.float32).min


class Attentions(nn.Module):
    def __init__(self):
        super().__init__()
        hidden = HEADS * WIDTH
        self.query, self.key, self.value = (nn.Linear(hidden, hidden) for _ in range(3))
        self.packed = nn.Linear(hidden, 3 * hidden)
        self.module = nn.MultiheadAttention(hidden, HEADS, batch_first=True)
        self.register_buffer("triangle", torch.tril(torch.ones(64, 64, dtype=torch.bool)).view(1, 1, 64, 64), persistent=False)

    def heads(self, x):
        return x.view(BATCH, TOKENS, -1, WIDTH).transpose(1, 2)

    def merged(self, x):
        return x.transpose(1, 2).reshape(BATCH, TOKENS, -1)

    def bert(self, x, padding):
        scores = self.heads(self.query(x)) @ self.heads(self.key(x)).transpose(-1, -2) / math.sqrt(WIDTH)
        scores = scores + (1.0 - padding[:, None, None, :].float()) * LOWEST
        return self.merged(scores.softmax(-1) @ self.heads(self.value(x)))

    def gpt2(self, x):
        q, k, v = (self.heads(y) for y in self.packed(x).split(HEADS * WIDTH, 2))
        scores = q @ k.transpose(-1, -2) / torch.full([], WIDTH**0.5)
        scores = torch.where(self.triangle[:, :, : x.shape[1], : x.shape[1]], scores, torch.full([], LOWEST))
        return self.merged(scores.softmax(-1) @ v)

    def llama(self, x):
        q = self.heads(self.query(x))
        k, v = (self.heads(y[..., : 2 * WIDTH]) for y in (self.key(x), self.value(x)))
        k, v = (y[:, :, None].expand(BATCH, 2, 2, TOKENS, WIDTH).reshape(BATCH, 4, TOKENS, WIDTH) for y in (k, v))
        scores = q @ k.transpose(2, 3) * WIDTH**-0.5 + torch.full((TOKENS, TOKENS), LOWEST).triu(1)
        return self.merged(F.softmax(scores, -1, dtype=torch.float32) @ v)

    def gemma(self, x, bias):
        scores = self.heads(self.query(x)) @ self.heads(self.key(x)).transpose(2, 3) * 0.3
        scores = torch.tanh(scores / 5.0) * 5.0 + bias
        return self.merged(scores.softmax(-1) @ self.heads(self.value(x)))

    def sdpa(self, x, **keywords):
        q, k, v = self.heads(self.query(x)), self.heads(self.key(x)), self.heads(self.value(x))
        return self.merged(F.scaled_dot_product_attention(q, k, v, **keywords))

    def forward(self, x, padding, bias):
        # Each by itself: what several read is no attention's own.
        xs = [x * (1 + i / 16) for i in range(9)]
        y = self.sdpa(xs[0]) + self.sdpa(xs[1], is_causal=True) + self.sdpa(xs[2], attn_mask=bias)
        y = y + self.sdpa(xs[3], attn_mask=padding.bool()[:, None, None, :]) + self.bert(xs[4], padding) + self.gpt2(xs[5])
        return y + self.llama(xs[6]) + self.gemma(xs[7], bias) + self.module(xs[8], xs[8], xs[8], need_weights=False)[0]


torch.manual_seed(0)
model = Attentions().eval()
inputs = (torch.randn(BATCH, TOKENS, HEADS * WIDTH), torch.ones(BATCH, TOKENS, dtype=torch.int64), torch.randn(1, 1, TOKENS, TOKENS))
for name, p in model.named_parameters():
    torch.nn.init.normal_(p, 0.0, 0.3)
for dynamo in (False, True):
    path = f"{sys.argv[1]}/attentions-{'dynamo' if dynamo else 'script'}.onnx"
    torch.onnx.export(model, inputs, path, input_names=["x", "padding", "bias"], output_names=["y"], dynamo=dynamo, opset_version=18 if dynamo else 17,
                      **({"external_data": False} if dynamo else {}))
    written = onnx.load(path)
    for node in written.graph.node:  # stack traces, most of the file
        del node.metadata_props[:]
    onnx.save(written, path)

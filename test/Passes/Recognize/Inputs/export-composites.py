"""Writes composites-script.onnx and composites-dynamo.onnx: activations, softmax and normalizations as PyTorch's two exporters
write them. Made with torch 2.15.0; the tests only read the files.

    python export-composites.py FOLDER
"""
import sys

import torch
from torch import nn
from torch.nn import functional as F


class Composites(nn.Module):
    def __init__(self):
        super().__init__()
        self.group = nn.GroupNorm(4, 8)
        self.instance = nn.InstanceNorm2d(8, affine=True)
        self.layer = nn.LayerNorm(8)
        self.plain = nn.LayerNorm(8, elementwise_affine=False)

    def forward(self, x):
        y = self.layer(self.instance(self.group(x)))
        y = F.gelu(y) + F.gelu(y, approximate="tanh") + F.silu(y) + F.hardswish(y) + F.mish(y) + F.softplus(y)
        y = self.plain(y)
        z = F.normalize(y, dim=-1) + torch.log_softmax(y, -1) + torch.softmax(y, -1)
        e = torch.exp(y - y.amax(-1, keepdim=True))
        z = z + e / e.sum(-1, keepdim=True)
        z = z + y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + 1e-6)
        mean = y.mean(-1, keepdim=True)
        z = z + (y - mean) / torch.sqrt(((y - mean) ** 2).mean(-1, keepdim=True) + 1e-5)
        z = z + 0.5 * y * (1 + torch.erf(y / 1.41421356)) + y * torch.sigmoid(y)
        return z + torch.log(1 + torch.exp(y))


torch.manual_seed(0)
model, x = Composites().eval(), torch.randn(1, 8, 4, 8)
for name, p in model.named_parameters():
    torch.nn.init.normal_(p, 1.0 if name.endswith("weight") else 0.0, 0.3)
for dynamo in (False, True):
    path = f"{sys.argv[1]}/composites-{'dynamo' if dynamo else 'script'}.onnx"
    torch.onnx.export(model, (x,), path, input_names=["x"], output_names=["y"], dynamo=dynamo, opset_version=18 if dynamo else 17,
                      **({"external_data": False} if dynamo else {}))

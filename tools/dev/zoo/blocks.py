"""blocks.py - networks written out here: what people export that no model library holds."""
import numpy as np

from zoo.registry import Spec, ids, normal, torchModel, uniform


def module(build):
    """A maker of a module from a function `build(torch) -> (layers, forward)`; layers is a dict."""

    def make():
        import torch

        layers, forward = build(torch)

        class Network(torch.nn.Module):
            def __init__(self):
                super().__init__()
                for name, layer in layers.items():
                    setattr(self, name, layer)

        Network.forward = forward
        return Network()

    return make


def unet(base: int, depth: int):
    def build(torch):
        nn = torch.nn

        def double(i, o):
            return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(), nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU())

        widths = [base << i for i in range(depth + 1)]
        layers = {"down": nn.ModuleList([double(3 if i == 0 else widths[i - 1], w) for i, w in enumerate(widths)]),
                  "up": nn.ModuleList([nn.ConvTranspose2d(widths[i + 1], widths[i], 2, 2) for i in range(depth)]),
                  "merge": nn.ModuleList([double(2 * widths[i], widths[i]) for i in range(depth)]), "head": nn.Conv2d(base, 2, 1)}

        def forward(self, image):
            skips, x = [], image
            for i, stage in enumerate(self.down):
                x = stage(x if i == 0 else torch.nn.functional.max_pool2d(x, 2))
                skips.append(x)
            for i in reversed(range(depth)):
                x = self.merge[i](torch.cat([skips[i], self.up[i](x)], 1))
            return self.head(x)

        return layers, forward

    return module(build)


torchModel("unet", unet(32, 4), {"image": normal(1, 3, 256, 256)})
torchModel("unet-dynamic-script-11", unet(8, 3), {"image": normal("batch", 3, "8*h", "8*w")},
           [{"batch": 1, "h": 5, "w": 3}, {"batch": 2, "h": 4, "w": 6}], dynamo=False, opset=11)

SEQUENCES = [{"batch": 1, "seq": 1}, {"batch": 3, "seq": 9}, {"batch": 2, "seq": 5}]


def tagger(kind: str, hidden: int, layers: int, both: bool = True, **options):
    def build(torch):
        nn = torch.nn
        rnn = getattr(nn, kind)(hidden, hidden, layers, batch_first=True, bidirectional=both, **options)
        width = options.get("proj_size") or hidden
        return ({"embed": nn.Embedding(1000, hidden), "rnn": rnn, "head": nn.Linear(width * (1 + both), 17)},
                lambda self, tokens: self.head(self.rnn(self.embed(tokens))[0]))

    return module(build)


def rnnModel(name, make, **export):
    torchModel(name, make, {"tokens": ids("batch", "seq", high=1000)}, SEQUENCES, outputs=["tags"], **export)


torchModel("lstm-tagger", tagger("LSTM", 256, 2), {"tokens": ids(1, 128, high=1000)}, outputs=["tags"])
for version in (9, 11, 14, 17, 20):
    rnnModel(f"lstm-tagger-script-{version}", tagger("LSTM", 32, 2), dynamo=False, opset=version)
    rnnModel(f"gru-tagger-script-{version}", tagger("GRU", 24, 1, version != 9), dynamo=False, opset=version)
rnnModel("rnn-tagger-script-13", tagger("RNN", 24, 2), dynamo=False, opset=13)
rnnModel("lstm-tagger-dynamic", tagger("LSTM", 32, 2))
rnnModel("gru-tagger-dynamic", tagger("GRU", 32, 2))


def packed(torch):
    nn = torch.nn

    def forward(self, tokens, lengths):
        rows = nn.utils.rnn.pack_padded_sequence(self.embed(tokens), lengths, batch_first=True, enforce_sorted=True)
        return nn.utils.rnn.pad_packed_sequence(self.rnn(rows)[0], batch_first=True)[0]

    return {"embed": nn.Embedding(50, 16), "rnn": nn.LSTM(16, 16, 1, batch_first=True, bidirectional=True)}, forward


torchModel("lstm-packed-script-14", module(packed), {"tokens": ids("batch", "seq", high=50), "lengths": Spec(("batch",), lambda rng, s: np.arange(7, 7 - s[0], -1))},
           [{"batch": 3, "seq": 7}, {"batch": 2, "seq": 7}], dynamo=False, opset=14)


def sequential(build):
    def forwarding(torch):
        return {"layers": build(torch.nn)}, lambda self, x: self.layers(x)

    return module(forwarding)


mlp = sequential(lambda nn: nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.BatchNorm1d(64), nn.Dropout(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 3), nn.Softmax(-1)))
for version in (7, 8, 9, 10, 12, 15, 18, 20):
    torchModel(f"mlp-script-{version}", mlp, {"x": normal("batch", 20)}, [{"batch": 1}, {"batch": 5}], dynamo=False, opset=version)
for version in (18, 19, 20, 21, 22, 23):
    torchModel(f"mlp-dynamo-{version}", mlp, {"x": normal("batch", 20)}, [{"batch": 1}, {"batch": 5}], opset=version)


def attention(torch):
    layer = torch.nn.TransformerEncoderLayer(32, 4, 64, batch_first=True, norm_first=True, activation="gelu")
    return {"embed": torch.nn.Linear(8, 32), "encoder": torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)}, lambda self, x: self.encoder(self.embed(x))


def translator(torch):
    nn = torch.nn

    def forward(self, source, target):
        size = target.shape[1]
        causal = torch.ones(size, size, dtype=torch.bool).triu(1)
        return self.head(self.model(self.embed(source), self.embed(target), tgt_mask=causal))

    return {"embed": nn.Embedding(100, 32), "model": nn.Transformer(32, 4, 2, 2, 64, batch_first=True), "head": nn.Linear(32, 100)}, forward


TALKS = [{"batch": 1, "seq": 3, "out": 4}, {"batch": 2, "seq": 7, "out": 5}]
for suffix, export in (("", {}), ("-23", {"opset": 23})):
    torchModel(f"transformer-encoder{suffix}", module(attention), {"x": normal("batch", "seq", 8)}, TALKS, **export)
    torchModel(f"transformer-translator{suffix}", module(translator), {"source": ids("batch", "seq", high=100), "target": ids("batch", "out", high=100)}, TALKS, **export)
# The older exporter writes down the sizes it sees.
torchModel("transformer-encoder-script-14", module(attention), {"x": normal(2, 7, 8)}, dynamo=False, opset=14)
torchModel("transformer-translator-script-14", module(translator), {"source": ids(2, 7, high=100), "target": ids(2, 5, high=100)}, dynamo=False, opset=14)

SOUND = [{"batch": 1, "time": 90}, {"batch": 2, "time": 131}]


def wavenet(torch):
    nn = torch.nn

    def forward(self, x):
        x, total = self.first(x), 0
        for i, (gate, out) in enumerate(zip(self.gates, self.outs)):
            a, b = gate(nn.functional.pad(x, (2 ** i, 0))).chunk(2, 1)
            y = out(torch.tanh(a) * torch.sigmoid(b))
            x, total = x + y, total + y
        return self.last(nn.functional.leaky_relu(total, 0.1))

    return {"first": nn.Conv1d(1, 16, 1), "gates": nn.ModuleList([nn.Conv1d(16, 32, 2, dilation=2 ** i) for i in range(6)]),
            "outs": nn.ModuleList([nn.Conv1d(16, 16, 1) for _ in range(6)]), "last": nn.Conv1d(16, 8, 1)}, forward


torchModel("wavenet", module(wavenet), {"x": normal("batch", 1, "time")}, SOUND)
torchModel("wavenet-script-9", module(wavenet), {"x": normal("batch", 1, "time")}, SOUND, dynamo=False, opset=9)

gan = sequential(lambda nn: nn.Sequential(nn.ConvTranspose2d(16, 64, 4, 1, 0, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.ConvTranspose2d(64, 32, 4, 2, 1),
                                          nn.InstanceNorm2d(32, affine=True), nn.LeakyReLU(0.2), nn.ConvTranspose2d(32, 3, 3, 2, 1, 1, groups=1, dilation=1), nn.Tanh()))
torchModel("gan-generator", gan, {"z": normal("batch", 16, 1, 1)}, [{"batch": 1}, {"batch": 3}])
torchModel("gan-generator-script-7", gan, {"z": normal(3, 16, 1, 1)}, dynamo=False, opset=7)

style = sequential(lambda nn: nn.Sequential(nn.ReflectionPad2d(4), nn.Conv2d(3, 8, 9), nn.InstanceNorm2d(8, affine=True), nn.ReLU(), nn.ReplicationPad2d(1),
                                            nn.Conv2d(8, 16, 3, 2), nn.GroupNorm(4, 16), nn.ELU(), nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(16, 8, 3, padding=1),
                                            nn.PReLU(8), nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False), nn.Conv2d(8, 3, 3, padding=1)))
PICTURES = [{"batch": 1, "h": 20, "w": 31}, {"batch": 2, "h": 33, "w": 24}]
for suffix, export in (("", {}), ("-script-11", {"dynamo": False, "opset": 11}), ("-script-18", {"dynamo": False, "opset": 18})):
    torchModel(f"style-transfer{suffix}", style, {"image": uniform("batch", 3, "h", "w")}, PICTURES, **export)

superres = sequential(lambda nn: nn.Sequential(nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.Conv2d(32, 9, 3, padding=1), nn.PixelShuffle(3)))
for suffix, export in (("", {}), ("-script-7", {"dynamo": False, "opset": 7}), ("-script-13", {"dynamo": False, "opset": 13})):
    torchModel(f"super-resolution{suffix}", superres, {"image": uniform("batch", 1, "h", "w")}, PICTURES, **export)


def resizers(torch):
    def forward(self, image):
        f = torch.nn.functional.interpolate
        return (f(image, scale_factor=1.5, mode="bicubic"), f(image, size=(17, 9), mode="bilinear", align_corners=True), f(image, size=(7, 5), mode="nearest"),
                torch.nn.functional.adaptive_avg_pool2d(image, (5, 3)), f(image, scale_factor=0.5, mode="bilinear", antialias=True))

    return {}, forward


torchModel("resizers", module(resizers), {"image": uniform(2, 3, 20, 12)})


def graphNetwork(torch):
    nn = torch.nn

    def forward(self, nodes, edges):
        x = self.first(nodes)
        for layer in self.layers:
            message = torch.relu(layer(torch.cat([x[edges[0]], x[edges[1]]], -1)))
            x = x + torch.zeros_like(x).index_add(0, edges[1], message)
        weight = torch.softmax(self.gate(x), 0)
        return self.head((weight * x).sum(0)), torch.zeros_like(x).scatter_reduce(0, edges[1][:, None].expand(-1, x.shape[1]), x[edges[0]], "amax")

    return {"first": nn.Linear(5, 16), "layers": nn.ModuleList([nn.Linear(32, 16) for _ in range(3)]), "gate": nn.Linear(16, 1), "head": nn.Linear(16, 2)}, forward


GRAPH = {"nodes": normal("nodes", 5), "edges": ids(2, "edges", high=6)}
torchModel("graph-network", module(graphNetwork), GRAPH, [{"nodes": 6, "edges": 3}, {"nodes": 9, "edges": 20}])
torchModel("graph-network-script-18", module(graphNetwork), GRAPH, [{"nodes": 6, "edges": 3}, {"nodes": 9, "edges": 20}], dynamo=False, opset=18)


def pointnet(torch):
    nn = torch.nn
    layers = nn.Sequential(nn.Conv1d(3, 32, 1), nn.BatchNorm1d(32), nn.ReLU(), nn.Conv1d(32, 64, 1))

    def forward(self, points):
        distance = torch.cdist(points, points)
        nearest = distance.topk(4, largest=False).indices
        x = self.layers(points.transpose(1, 2))
        around = torch.gather(x[:, :, None].expand(-1, -1, points.shape[1], -1), 3, nearest[:, None].expand(-1, x.shape[1], -1, -1))
        return self.head(torch.cat([around.amax(-1).amax(-1), x.mean(-1)], 1))

    return {"layers": layers, "head": nn.Linear(128, 5)}, forward


torchModel("pointnet", module(pointnet), {"points": normal("batch", "points", 3)}, [{"batch": 1, "points": 12}, {"batch": 2, "points": 20}])
torchModel("pointnet-script-13", module(pointnet), {"points": normal(2, 20, 3)}, dynamo=False, opset=13)


def spectrogram(torch):
    def forward(self, sound):
        spectrum = torch.stft(sound, 64, 16, window=self.window, return_complex=True)
        return torch.log(self.mel(spectrum.abs().square().transpose(1, 2)) ** 2 + 1e-3)

    network = {"mel": torch.nn.Linear(33, 12)}
    network["window"] = torch.nn.Parameter(torch.hann_window(64), requires_grad=False)
    return network, forward


torchModel("spectrogram", module(spectrogram), {"sound": normal(2, 400)})


def spectrum(torch):
    def forward(self, x):
        f = torch.fft.rfft2(x)
        return torch.fft.irfft2(f * torch.complex(self.real, self.imaginary), s=(16, 16)), torch.fft.fft(x).abs()

    return {"real": torch.nn.Parameter(torch.randn(16, 9)), "imaginary": torch.nn.Parameter(torch.randn(16, 9))}, forward


torchModel("fourier-layer", module(spectrum), {"x": normal(2, 3, 16, 16)})


def conv3d(torch):
    nn = torch.nn
    layers = nn.Sequential(nn.Conv3d(1, 8, 3, padding=1), nn.BatchNorm3d(8), nn.ReLU(), nn.MaxPool3d(2), nn.Conv3d(8, 8, 3, groups=4, dilation=2, padding=2), nn.ReLU(),
                           nn.ConvTranspose3d(8, 4, 2, 2), nn.AvgPool3d(2), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 3))
    return {"layers": layers}, lambda self, x: self.layers(x)


torchModel("volume-network", module(conv3d), {"x": normal("batch", 1, 8, 12, 10)}, [{"batch": 1}, {"batch": 2}])


def radiance(torch):
    nn = torch.nn

    def forward(self, rays):
        scale = 2.0 ** torch.arange(6)
        waves = (rays[..., None] * scale).flatten(-2)
        color = self.net(torch.cat([rays, waves.sin(), waves.cos()], -1))
        density = torch.relu(color[..., 3])
        alpha = 1 - torch.exp(-density * 0.1)
        through = torch.exp(torch.cumsum(torch.log(1 - alpha + 1e-6), -1))
        weight = alpha * through
        return (weight[..., None] * torch.sigmoid(color[..., :3])).sum(-2), weight.cumsum(-1)

    return {"net": nn.Sequential(nn.Linear(39, 64), nn.Softplus(), nn.Linear(64, 4))}, forward


torchModel("radiance-field", module(radiance), {"rays": normal("rays", 16, 3)}, [{"rays": 1}, {"rays": 7}])


def mixture(torch):
    nn = torch.nn

    def forward(self, x):
        weights, chosen = torch.softmax(self.router(x), -1).topk(2)
        weights = weights / weights.sum(-1, keepdim=True)
        total = torch.zeros_like(x)
        for i, expert in enumerate(self.experts):
            total = total + expert(x) * (weights * (chosen == i)).sum(-1, keepdim=True)
        return total, chosen

    return {"router": nn.Linear(16, 4), "experts": nn.ModuleList([nn.Sequential(nn.Linear(16, 32), nn.GELU("tanh"), nn.Linear(32, 16)) for _ in range(4)])}, forward


torchModel("mixture-of-experts", module(mixture), {"x": normal("tokens", 16)}, [{"tokens": 1}, {"tokens": 6}])


def recommender(torch):
    nn = torch.nn

    def forward(self, dense, users, items, bag, offsets):
        vectors = [self.bottom(dense), self.user(users), self.item(items), self.bag(bag, offsets)]
        x = torch.stack(vectors, 1)
        pairs = torch.einsum("bid,bjd->bij", x, x)
        rows, columns = torch.tril_indices(4, 4, -1)
        return torch.sigmoid(self.top(torch.cat([vectors[0], pairs[:, rows, columns]], 1)))

    return {"bottom": nn.Linear(6, 8), "user": nn.Embedding(50, 8), "item": nn.Embedding(70, 8), "bag": nn.EmbeddingBag(30, 8, mode="sum"),
            "top": nn.Sequential(nn.Linear(14, 16), nn.ReLU(), nn.Linear(16, 1))}, forward


torchModel("recommender-script-16", module(recommender),
           {"dense": normal(3, 6), "users": ids(3, high=50), "items": ids(3, high=70), "bag": ids(7, high=30), "offsets": Spec((3,), lambda rng, s: np.array([0, 2, 5]))},
           dynamo=False, opset=16)


def quantized(torch):
    """Fake-quantized layers, which export as QuantizeLinear and DequantizeLinear pairs."""
    nn = torch.nn

    def forward(self, x):
        fake = torch.fake_quantize_per_tensor_affine
        x = fake(x, 0.05, 3, -128, 127)
        w = torch.fake_quantize_per_channel_affine(self.conv.weight, self.scale, self.zero, 0, -128, 127)
        x = torch.relu(nn.functional.conv2d(x, w, self.conv.bias, padding=1))
        return self.head(fake(x.mean((2, 3)), 0.02, 0, 0, 255))

    return {"conv": nn.Conv2d(3, 8, 3), "head": nn.Linear(8, 4), "scale": nn.Parameter(torch.full((8,), 0.01), requires_grad=False),
            "zero": nn.Parameter(torch.zeros(8, dtype=torch.int32), requires_grad=False)}, forward


torchModel("fake-quantized-script-13", module(quantized), {"x": normal("batch", 3, 12, 12)}, [{"batch": 1}, {"batch": 3}], dynamo=False, opset=13)

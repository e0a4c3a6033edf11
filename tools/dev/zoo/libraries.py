"""libraries.py - networks of libraries beside torchvision and transformers: pictures, volumes, sound, graphs, diffusion, policies."""
import numpy as np

from zoo.registry import Spec, normal, torchModel, uniform

BATCH = [{"batch": 1}, {"batch": 3}]


def timm(name: str, side: int, dynamo: bool = False, opset: int = 17) -> None:
    def make():
        import timm

        return timm.create_model(name, pretrained=False, num_classes=10)

    torchModel(f"timm-{name}", make, {"image": normal("batch", 3, side, side)}, BATCH, dynamo=dynamo, opset=18 if dynamo else opset)


for name in ("edgenext_xx_small", "efficientvit_b0", "mobileone_s0", "ghostnet_100"):
    timm(name, 64, dynamo=True)
for name in ("hrnet_w18_small", "resnest14d", "lcnet_050"):
    timm(name, 64)
for name in ("efficientvit_m0", "xcit_nano_12_p16_224", "pit_ti_224", "convit_tiny"):
    timm(name, 224)


def forwarding(build, forward):
    """The module that `build()` returns, called as `forward(module, *inputs)`."""

    def make():
        import torch

        class Forwarding(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.module = build()

            def forward(self, *inputs):
                return forward(self.module, *inputs)

        return Forwarding()

    return make


def volumes(name: str, kind: str, arguments: dict, side: int) -> None:
    def make():
        import monai.networks.nets

        return getattr(monai.networks.nets, kind)(**arguments)

    torchModel(f"monai-{name}", make, {"volume": normal(1, 1, side, side, side)}, dynamo=False, opset=17)


volumes("unet", "UNet", {"spatial_dims": 3, "in_channels": 1, "out_channels": 2, "channels": (4, 8, 16), "strides": (2, 2), "num_res_units": 1}, 16)
volumes("segresnet", "SegResNet", {"init_filters": 8, "blocks_down": (1, 1, 1), "blocks_up": (1, 1)}, 16)


def segmentation(kind: str) -> None:
    def make():
        import segmentation_models_pytorch

        return getattr(segmentation_models_pytorch, kind)("resnet18", encoder_weights=None, classes=2)

    torchModel(f"segmentation-{kind.lower()}", make, {"image": normal("batch", 3, 64, 64)}, BATCH, dynamo=False, opset=17)


for kind in ("Unet", "FPN", "Linknet", "Segformer", "DeepLabV3Plus"):
    segmentation(kind)


def sound(name: str, build, inputs: dict, sizes: list[dict] = [{}], forward=lambda module, *x: module(*x), **export) -> None:
    def make():
        import torchaudio

        return forwarding(lambda: build(torchaudio), forward)()

    torchModel(f"torchaudio-{name}", make, inputs, sizes, **export)


LENGTHS = Spec(("batch",), lambda rng, s: np.full(s, 9))
sound("conformer", lambda audio: audio.models.Conformer(16, 4, 32, 2, 7), {"frames": normal("batch", 9, 16), "lengths": LENGTHS}, BATCH, dynamo=False, opset=17)
sound("conv-tasnet", lambda audio: audio.models.ConvTasNet(2, 16, 32, 3, 16, 32, 3, 2), {"sound": normal(2, 1, 800)})
sound("mel-spectrogram", lambda audio: audio.transforms.MelSpectrogram(n_fft=400, n_mels=40, hop_length=160), {"sound": normal(1, 16000)}, atol=1e-2)


def graph(name: str, build) -> None:
    def make():
        import torch
        import torch_geometric.nn

        return forwarding(lambda: build(torch, torch_geometric.nn), lambda module, nodes, edges: module(nodes, edges))()

    edges = Spec((2, "edges"), lambda rng, s: rng.integers(0, 6, s))
    torchModel(f"geometric-{name}", make, {"nodes": normal("nodes", 6), "edges": edges}, [{"nodes": 6, "edges": 9}, {"nodes": 9, "edges": 20}], dynamo=False, opset=18)


graph("gcn", lambda torch, nn: nn.GCNConv(6, 5))
graph("attention", lambda torch, nn: nn.GATv2Conv(6, 5, heads=2))
graph("sage-max", lambda torch, nn: nn.SAGEConv(6, 5, aggr="max"))
graph("edge", lambda torch, nn: nn.EdgeConv(torch.nn.Linear(12, 5)))


def diffusion(name: str, kind: str, arguments: dict, forward, inputs: dict, sizes: list[dict] = [{}], **export) -> None:
    def make():
        import diffusers

        return forwarding(lambda: getattr(diffusers, kind)(**arguments), forward)()

    torchModel(f"diffusers-{name}", make, inputs, sizes, **export)


SIZES = [{"batch": 1, "h": 4, "w": 6}, {"batch": 2, "h": 8, "w": 4}]
diffusion("unet", "UNet2DConditionModel",
          {"block_out_channels": (16, 32), "layers_per_block": 1, "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
           "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"), "cross_attention_dim": 16, "norm_num_groups": 4, "attention_head_dim": 4},
          lambda m, x, t, c: m(x, t, c, return_dict=False)[0],
          {"sample": normal("batch", 4, "h", "w"), "timestep": Spec((1,), lambda rng, s: rng.integers(0, 999, s)), "context": normal("batch", 5, 16)}, SIZES, dynamo=False, opset=17)
diffusion("autoencoder", "AutoencoderKL",
          {"block_out_channels": (8, 16), "down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2, "norm_num_groups": 4},
          lambda m, x: m.decode(x, return_dict=False)[0], {"latent": normal("batch", 4, "h", "w")}, SIZES, dynamo=False, opset=17)
diffusion("sd3", "SD3Transformer2DModel",
          {"sample_size": 8, "in_channels": 4, "num_layers": 2, "attention_head_dim": 8, "num_attention_heads": 2, "joint_attention_dim": 16,
           "caption_projection_dim": 16, "pooled_projection_dim": 16, "out_channels": 4, "pos_embed_max_size": 16},
          lambda m, x, e, p, t: m(x, e, p, t, return_dict=False)[0],
          {"latent": normal(1, 4, 8, 8), "prompt": normal(1, 5, 16), "pooled": normal(1, 16), "timestep": Spec((1,), lambda rng, s: rng.integers(0, 999, s))})


def policy(name: str, action, **export) -> None:
    def make():
        import gymnasium.spaces as spaces
        from stable_baselines3.common.policies import ActorCriticPolicy

        space = spaces.Box(-1, 1, (6,), np.float32)
        return forwarding(lambda: ActorCriticPolicy(space, action(spaces), lambda _: 1e-3), lambda m, x: m._predict(x, deterministic=True))()

    torchModel(f"stable-baselines-{name}", make, {"observation": uniform("batch", 6)}, BATCH, dynamo=False, opset=17)


policy("discrete", lambda spaces: spaces.Discrete(4))
policy("multi-discrete", lambda spaces: spaces.MultiDiscrete([3, 4]))

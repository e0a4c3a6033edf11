"""vision.py - torchvision's classifiers, segmentation and video models."""
from zoo.registry import normal, torchModel

BATCH = [{"batch": 1}, {"batch": 2}]


def classifier(name: str, side: int = 224, variant: str = "", dynamic: bool = False, **export) -> None:
    def make():
        import torchvision

        extra = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
        return torchvision.models.get_model(name, weights=None, **extra)

    image = normal("batch" if dynamic else 1, 3, side, side)
    torchModel(f"{name}{variant}", make, {"image": image}, BATCH if dynamic else [{}], outputs=["logits"], **export)


def dense(name: str, side: int, **export) -> None:
    def make():
        import torch
        import torchvision

        class Mask(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.model = torchvision.models.get_model(name, weights=None, weights_backbone=None)

            def forward(self, image):
                return self.model(image)["out"]

        return Mask()

    torchModel(name, make, {"image": normal(1, 3, side, side)}, outputs=["mask"], **export)


def video(name: str, shape: tuple, **export) -> None:
    def make():
        import torchvision

        return torchvision.models.get_model(name, weights=None)

    torchModel(name, make, {"clip": normal(*shape)}, outputs=["logits"], **export)


# The models that are timed, at their usual size.
classifier("resnet50")
classifier("mobilenet_v2")
classifier("mobilenet_v3_large")
classifier("efficientnet_b0")
classifier("densenet121")
classifier("convnext_tiny")
classifier("vit_b_16")
classifier("swin_t")

# The same by the older exporter, over the opsets it knows, and with the batch open.
classifier("resnet18", dynamic=True)
for opset in range(7, 21):
    classifier("resnet18", 64, f"-script-{opset}", dynamic=opset % 2 == 0, dynamo=False, opset=opset)
classifier("mobilenet_v2", 96, "-script-11", True, dynamo=False, opset=11)
classifier("mobilenet_v3_large", 96, "-script-13", True, dynamo=False, opset=13)
classifier("efficientnet_b0", 96, "-script-12", True, dynamo=False, opset=12)
classifier("densenet121", 64, "-script-9", dynamo=False, opset=9)
classifier("convnext_tiny", 64, "-script-17", True, dynamo=False, opset=17)
classifier("vit_b_16", 224, "-script-17", True, dynamo=False, opset=17)
classifier("swin_t", 224, "-script-17", True, dynamo=False, opset=17)

classifier("alexnet", opset=20)
classifier("vgg11_bn", 64, opset=21)
classifier("squeezenet1_1", dynamic=True)
classifier("squeezenet1_0", 96, "-script-8", dynamo=False, opset=8)
classifier("shufflenet_v2_x1_0", dynamic=True)
classifier("shufflenet_v2_x0_5", 96, "-script-10", True, dynamo=False, opset=10)
classifier("regnet_y_400mf", dynamic=True)
classifier("mnasnet0_5", opset=22)
classifier("resnext50_32x4d", 96, opset=23)
classifier("googlenet", 96)
classifier("googlenet", 96, "-script-11", dynamo=False, opset=11)
classifier("inception_v3", 299)
classifier("inception_v3", 299, "-script-9", dynamo=False, opset=9)
classifier("efficientnet_v2_s", 96)
classifier("swin_v2_t", 256)
classifier("maxvit_t", 224)

dense("fcn_resnet50", 65, dynamo=False, opset=11)
dense("deeplabv3_mobilenet_v3_large", 129)
dense("lraspp_mobilenet_v3_large", 128)

video("r3d_18", (1, 3, 8, 56, 56))
video("s3d", (1, 3, 16, 224, 224))
video("mvit_v2_s", (1, 3, 16, 224, 224))
video("swin3d_t", (1, 3, 8, 64, 64))

"""detection.py - torchvision's detectors (boxes, masks, keypoints: sizes that the data decides) and optical flow."""
from zoo.registry import torchModel, uniform


def detector(name: str, side: int, outputs: list[str], options: dict = {}, variant: str = "", **export) -> None:
    def make():
        import torch
        import torchvision

        class Boxes(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.model = torchvision.models.get_model(name, weights=None, weights_backbone=None, **options)

            def forward(self, image):
                found = self.model([image[0]])[0]
                return tuple(found[o] for o in outputs)

        return Boxes()

    torchModel(name + variant, make, {"image": uniform(1, 3, side, side)}, outputs=outputs, **export)


SMALL = {"min_size": 128, "max_size": 160}
BOXES = ["boxes", "scores", "labels"]
detector("ssdlite320_mobilenet_v3_large", 320, BOXES, {"score_thresh": 0.012}, dynamo=False, opset=17)
detector("ssd300_vgg16", 300, BOXES, {"score_thresh": 0.012}, dynamo=False, opset=12)
detector("retinanet_resnet50_fpn", 128, BOXES, {**SMALL, "score_thresh": 0.01}, dynamo=False, opset=16)
detector("fcos_resnet50_fpn", 128, BOXES, {**SMALL, "score_thresh": 0.01}, dynamo=False, opset=17)
detector("fasterrcnn_resnet50_fpn", 128, BOXES, {**SMALL, "box_score_thresh": 0.01}, dynamo=False, opset=16)
detector("fasterrcnn_mobilenet_v3_large_320_fpn", 128, BOXES, {**SMALL, "box_score_thresh": 0.01}, dynamo=False, opset=11)
detector("maskrcnn_resnet50_fpn", 128, [*BOXES, "masks"], {**SMALL, "box_score_thresh": 0.01}, dynamo=False, opset=16)
detector("keypointrcnn_resnet50_fpn", 128, [*BOXES, "keypoints"], {**SMALL, "box_score_thresh": 0.01}, dynamo=False, opset=12)
detector("retinanet_resnet50_fpn", 128, BOXES, {**SMALL, "score_thresh": 0.01}, "-dynamo")
detector("fasterrcnn_resnet50_fpn", 128, BOXES, {**SMALL, "box_score_thresh": 0.01}, "-dynamo")


def flow():
    import torch
    import torchvision

    class Flow(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = torchvision.models.optical_flow.raft_small(weights=None)

        def forward(self, first, second):
            return self.model(first, second, num_flow_updates=3)[-1]

    return Flow()


torchModel("raft_small", flow, {"first": uniform(1, 3, 128, 128), "second": uniform(1, 3, 128, 128)}, opset=20)
torchModel("raft_small-script-16", flow, {"first": uniform(1, 3, 128, 128), "second": uniform(1, 3, 128, 128)}, dynamo=False, opset=16)

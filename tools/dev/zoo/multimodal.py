"""multimodal.py - vision, speech, and other models of transformers whose inputs are not only tokens."""
from zoo.language import pretrained
from zoo.registry import Spec, ids, normal, ones, padding, torchModel, uniform

import numpy as np

ENCODER = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
SCRIPT = {"dynamo": False, "opset": 17}
BATCH = [{"batch": 1}, {"batch": 2}]


def first(model, **arguments):
    found = model(**arguments)
    return found.logits if "logits" in found else found.last_hidden_state


def pixels(model, pixel_values):
    return first(model, pixel_values=pixel_values)


def picture(name: str, kind: str, options: dict, side: int = 32, result=pixels, dynamic: bool = True, **export) -> None:
    torchModel(name, pretrained(kind, result, **options), {"pixel_values": normal("batch" if dynamic else 1, 3, side, side)}, BATCH if dynamic else [{}], **export)


PATCHES = {**ENCODER, "image_size": 32, "patch_size": 8}
for suffix, export in (("", {}), ("-script", SCRIPT), ("-23", {"opset": 23})):
    picture(f"vit-tiny{suffix}", "ViTForImageClassification", PATCHES, **export)
    picture(f"deit-tiny{suffix}", "DeiTForImageClassificationWithTeacher", PATCHES, **export)
picture("beit-tiny", "BeitForImageClassification", {**PATCHES, "use_relative_position_bias": True})
picture("dinov2-tiny", "Dinov2Model", {**PATCHES, "use_swiglu_ffn": True})
picture("swin-tiny", "SwinForImageClassification", {"image_size": 32, "patch_size": 4, "embed_dim": 8, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4})
picture("swinv2-tiny-script", "Swinv2ForImageClassification", {"image_size": 32, "patch_size": 4, "embed_dim": 8, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4}, **SCRIPT)
picture("swin2sr-tiny", "Swin2SRForImageSuperResolution", {"image_size": 16, "embed_dim": 8, "depths": [2], "num_heads": [2], "window_size": 4, "upscale": 2}, 16, lambda model, x: model(x).reconstruction, False)
SEGFORMER = {"num_encoder_blocks": 2, "depths": [1, 1], "sr_ratios": [4, 2], "hidden_sizes": [8, 16], "patch_sizes": [7, 3], "strides": [4, 2], "num_attention_heads": [1, 2], "mlp_ratios": [2, 2],
             "decoder_hidden_size": 16}
picture("segformer-tiny", "SegformerForSemanticSegmentation", SEGFORMER, 64)
picture("segformer-tiny-script", "SegformerForSemanticSegmentation", SEGFORMER, 64, **SCRIPT)
picture("mobilevit-tiny", "MobileViTForImageClassification", {"image_size": 64, "hidden_sizes": [16, 24, 32], "neck_hidden_sizes": [8, 8, 8, 8, 8, 16, 32], "num_attention_heads": 4}, 64)
picture("mobilevitv2-tiny", "MobileViTV2ForImageClassification", {"image_size": 64, "base_attn_unit_dims": [16, 16, 32], "n_attn_blocks": [1, 1, 1]}, 64)
picture("poolformer-tiny", "PoolFormerForImageClassification", {"depths": [1, 1, 1, 1], "hidden_sizes": [8, 8, 16, 16]}, 64)
picture("levit-tiny", "LevitForImageClassification", {"image_size": 64, "hidden_sizes": [16, 24, 32], "num_attention_heads": [2, 2, 2], "key_dim": [8, 8, 8], "depths": [1, 1, 1]}, 64)
picture("convnextv2-tiny", "ConvNextV2ForImageClassification", {"hidden_sizes": [8, 16, 16, 16], "depths": [1, 1, 1, 1]}, 64)
picture("pvt-tiny", "PvtForImageClassification", {"image_size": 64, "depths": [1, 1, 1, 1], "hidden_sizes": [8, 16, 16, 16]}, 64)
picture("focalnet-tiny", "FocalNetForImageClassification", {"image_size": 32, "embed_dim": 8, "depths": [1, 1], "focal_levels": [2, 2], "focal_windows": [3, 3], "hidden_sizes": [8, 16]})
picture("cvt-tiny", "CvtForImageClassification", {"embed_dim": [8, 16, 16], "num_heads": [1, 2, 2], "depth": [1, 1, 1]}, 64)
picture("bit-tiny", "BitForImageClassification", {"embedding_size": 8, "hidden_sizes": [8, 16, 16, 32], "depths": [1, 1, 1, 1], "layer_type": "bottleneck", "num_groups": 2}, 64)
picture("dpt-tiny", "DPTForDepthEstimation", {**PATCHES, "num_hidden_layers": 4, "backbone_out_indices": [0, 1, 2, 3], "neck_hidden_sizes": [8, 8, 16, 16], "fusion_hidden_size": 16, "is_hybrid": False}, 32,
        lambda model, x: model(x).predicted_depth)
picture("glpn-tiny", "GLPNForDepthEstimation", {"depths": [1, 1, 1, 1], "hidden_sizes": [8, 8, 16, 16], "decoder_hidden_size": 16, "num_attention_heads": [1, 1, 2, 2]}, 64, lambda model, x: model(x).predicted_depth)

OPEN = normal("batch", "channels", "height", "width")  # as optimum declares pictures: the weights know the channels
OPEN_SIZES = [{"batch": 1, "channels": 3, "height": 40, "width": 32}, {"batch": 2, "channels": 3, "height": 32, "width": 64}]
torchModel("resnet-tiny-script-open", pretrained("ResNetForImageClassification", pixels, embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic"), {"pixel_values": OPEN}, OPEN_SIZES, **SCRIPT)
torchModel("segformer-tiny-script-open", pretrained("SegformerForSemanticSegmentation", pixels, **SEGFORMER), {"pixel_values": OPEN}, OPEN_SIZES, **SCRIPT)


def found(model, pixel_values):
    boxes = model(pixel_values=pixel_values)
    return boxes.logits, boxes.pred_boxes


def detr():
    import transformers

    backbone = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 16, 32], depths=[1, 1, 1, 1], out_features=["stage4"])
    return {"use_timm_backbone": False, "use_pretrained_backbone": False, "backbone": None, "backbone_config": backbone, "num_queries": 5, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2,
            "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64}


def late(kind, result, options):
    """Like `pretrained`, with options that need transformers."""
    return lambda: pretrained(kind, result, **options())()


def resnetBackbone(stages):
    import transformers

    return transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 16, 32], depths=[1, 1, 1, 1], out_features=stages)


for suffix, export in (("", {}), ("-script", SCRIPT)):
    torchModel(f"detr-tiny{suffix}", late("DetrForObjectDetection", found, detr), {"pixel_values": normal(1, 3, 64, 64)}, outputs=["logits", "boxes"], **export)
    torchModel(f"deformable-detr-tiny{suffix}", late("DeformableDetrForObjectDetection", found, lambda: {**detr(), "backbone_config": resnetBackbone(["stage2", "stage3", "stage4"]), "num_feature_levels": 3}),
               {"pixel_values": normal(1, 3, 64, 64)}, outputs=["logits", "boxes"], **export)
picture("yolos-tiny", "YolosForObjectDetection", {**ENCODER, "image_size": [32, 32], "patch_size": 8, "num_detection_tokens": 5}, 32, found)
RTDETR = {"num_queries": 10, "d_model": 32, "encoder_hidden_dim": 32, "encoder_in_channels": [16, 16, 32], "feat_strides": [8, 16, 32], "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "encoder_attention_heads": 4,
          "decoder_attention_heads": 4, "decoder_layers": 2, "decoder_in_channels": [32, 32, 32]}


def rtDetr():
    import transformers

    backbone = transformers.RTDetrResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 16, 32], depths=[1, 1, 1, 1], out_features=["stage2", "stage3", "stage4"], layer_type="basic")
    return {**RTDETR, "backbone_config": backbone}


for suffix, export in (("", {}), ("-script", SCRIPT)):
    torchModel(f"rt-detr-tiny{suffix}", late("RTDetrForObjectDetection", found, rtDetr), {"pixel_values": normal(1, 3, 64, 64)}, outputs=["logits", "boxes"], **export)


def clip(model, input_ids, pixel_values, attention_mask):
    pair = model(input_ids=input_ids, pixel_values=pixel_values, attention_mask=attention_mask)
    return pair.logits_per_image, pair.text_embeds, pair.image_embeds


CLIP = {"text_config": {**ENCODER, "vocab_size": 200, "max_position_embeddings": 16, "projection_dim": 16, "eos_token_id": 199}, "vision_config": {**PATCHES, "projection_dim": 16}, "projection_dim": 16}
TEXTS = {"input_ids": ids("texts", 16, high=200), "pixel_values": normal("images", 3, 32, 32), "attention_mask": padding("texts", 16)}
for suffix, export in (("", {}), ("-script", SCRIPT)):
    torchModel(f"clip-tiny{suffix}", pretrained("CLIPModel", clip, **CLIP), TEXTS, [{"texts": 1, "images": 2}, {"texts": 3, "images": 2}], outputs=["logits", "text", "image"], **export)
torchModel("siglip-tiny", pretrained("SiglipModel", clip, text_config=CLIP["text_config"], vision_config=PATCHES), TEXTS, [{"texts": 3, "images": 2}], outputs=["logits", "text", "image"])
torchModel("blip-vision-tiny", pretrained("BlipVisionModel", pixels, **PATCHES), {"pixel_values": normal("batch", 3, 32, 32)}, BATCH)
torchModel("layoutlm-tiny", pretrained("LayoutLMModel", lambda m, i, b, a: m(input_ids=i, bbox=b, attention_mask=a).last_hidden_state, **ENCODER, vocab_size=200),
           {"input_ids": ids("batch", "seq", high=200), "bbox": Spec(("batch", "seq", 4), lambda rng, s: np.sort(rng.integers(0, 1000, (*s[:2], 2, 2)), 2).reshape(s)), "attention_mask": padding("batch", "seq")},
           [{"batch": 1, "seq": 5}, {"batch": 2, "seq": 9}])

SPEECH = {**ENCODER, "vocab_size": 32, "conv_dim": (16, 16, 16), "conv_stride": (5, 2, 2), "conv_kernel": (10, 3, 3), "num_feat_extract_layers": 3, "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 4}
SOUND = [{"batch": 1, "time": 800}, {"batch": 2, "time": 1003}]


def heard(model, input_values):
    return first(model, input_values=input_values)


for kind, name, options in (("Wav2Vec2ForCTC", "wav2vec2", {}), ("HubertModel", "hubert", {}), ("WavLMModel", "wavlm", {"max_bucket_distance": 16, "num_buckets": 8}),
                            ("Wav2Vec2ForCTC", "wav2vec2-layer-norm", {"feat_extract_norm": "layer", "do_stable_layer_norm": True}), ("SEWModel", "sew", {"squeeze_factor": 2}),
                            ("Data2VecAudioModel", "data2vec-audio", {"num_conv_pos_embeddings": 2, "conv_pos_kernel_size": 5})):
    torchModel(f"{name}-tiny", pretrained(kind, heard, **{**SPEECH, **options}), {"input_values": normal("batch", "time")}, SOUND)
    torchModel(f"{name}-tiny-script", pretrained(kind, heard, **{**SPEECH, "attn_implementation": "eager", **options}), {"input_values": normal("batch", "time")}, SOUND, **SCRIPT)

WHISPER = {"vocab_size": 51865, "d_model": 384, "encoder_layers": 4, "decoder_layers": 4, "encoder_attention_heads": 6, "decoder_attention_heads": 6, "encoder_ffn_dim": 1536, "decoder_ffn_dim": 1536}
LITTLE = {**WHISPER, "vocab_size": 200, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64,
          "max_source_positions": 50, "max_target_positions": 32, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}


def hear(model, input_features):
    return model.get_encoder()(input_features).last_hidden_state


def say(model, decoder_input_ids, hidden):
    from transformers.modeling_outputs import BaseModelOutput

    return model(encoder_outputs=BaseModelOutput(hidden), decoder_input_ids=decoder_input_ids, use_cache=False).logits


def whisper(name, options, frames, sizes, **export):
    torchModel(f"{name}-encoder", pretrained("WhisperForConditionalGeneration", hear, **options), {"input_features": normal("batch" if len(sizes) > 1 else 1, 80, frames)}, sizes, outputs=["hidden"], **export)
    torchModel(f"{name}-decoder", pretrained("WhisperForConditionalGeneration", say, **options),
               {"decoder_input_ids": ids("batch", "seq", high=options["vocab_size"]), "hidden": normal("batch", frames // 2, options["d_model"])},
               [{"batch": 1, "seq": 1}, {"batch": 2, "seq": 6}], outputs=["logits"], **export)


whisper("whisper", WHISPER, 3000, [{}])
whisper("whisper-tiny", LITTLE, 100, BATCH)
whisper("whisper-tiny-script", {**LITTLE, "attn_implementation": "eager"}, 100, BATCH, **SCRIPT)
torchModel("audio-spectrogram-tiny", pretrained("ASTForAudioClassification", heard, **ENCODER, patch_size=8, frequency_stride=4, time_stride=4, max_length=40, num_mel_bins=16), {"input_values": normal("batch", 40, 16)}, BATCH)
torchModel("vits-tiny-text", pretrained("VitsModel", lambda m, i, a: m.text_encoder(input_ids=i, padding_mask=a[..., None].float(), attention_mask=a).last_hidden_state, vocab_size=50, hidden_size=32, num_hidden_layers=2,
           num_attention_heads=4, ffn_dim=64, flow_size=32), {"input_ids": ids("batch", "seq", high=50), "attention_mask": padding("batch", "seq")}, [{"batch": 1, "seq": 5}, {"batch": 2, "seq": 9}])
torchModel("hifi-gan-tiny", pretrained("SpeechT5HifiGan", lambda m, s: m(s), model_in_dim=16, upsample_initial_channel=32, upsample_rates=[4, 4], upsample_kernel_sizes=[8, 8], resblock_kernel_sizes=[3],
           resblock_dilation_sizes=[[1, 3]]), {"spectrogram": normal("batch", "frames", 16)}, [{"batch": 1, "frames": 5}, {"batch": 2, "frames": 9}])
torchModel("encodec-tiny", pretrained("EncodecModel", lambda m, x: m.decoder(m.encoder(x)), num_filters=4, hidden_size=16, num_residual_layers=1, upsampling_ratios=[4, 2], codebook_size=16, codebook_dim=16,
           num_lstm_layers=1), {"sound": normal(1, 1, 160)})
torchModel("patchtst-tiny", pretrained("PatchTSTForPrediction", lambda m, x: m(past_values=x).prediction_outputs, num_input_channels=2, context_length=32, prediction_length=8, patch_length=8, patch_stride=8, d_model=16,
           num_hidden_layers=2, num_attention_heads=2, ffn_dim=32), {"past_values": normal("batch", 32, 2)}, BATCH)
torchModel("decision-transformer-tiny", pretrained("DecisionTransformerModel", lambda m, s, a, r, t, k: tuple(m(states=s, actions=a, returns_to_go=r, timesteps=t, attention_mask=k)[:3]), state_dim=5, act_dim=2,
           hidden_size=16, n_layer=2, n_head=2, n_positions=64), {"states": normal(2, 4, 5), "actions": normal(2, 4, 2), "returns": normal(2, 4, 1), "timesteps": ids(2, 4, high=20), "mask": ones(2, 4)})
torchModel("perceiver-tiny", pretrained("PerceiverModel", lambda m, x: m(inputs=x).last_hidden_state, num_latents=6, d_latents=16, d_model=12, num_blocks=1, num_self_attends_per_block=2, num_self_attention_heads=2,
           num_cross_attention_heads=2), {"inputs": uniform("batch", "seq", 12)}, [{"batch": 1, "seq": 5}, {"batch": 2, "seq": 9}])
torchModel("timesformer-tiny", pretrained("TimesformerForVideoClassification", pixels, **PATCHES, num_frames=2), {"pixel_values": normal("batch", 2, 3, 32, 32)}, BATCH)
torchModel("videomae-tiny", pretrained("VideoMAEForVideoClassification", pixels, **PATCHES, num_frames=4), {"pixel_values": normal("batch", 4, 3, 32, 32)}, BATCH)

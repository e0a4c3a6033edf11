"""language.py - encoders of transformers: token ids in, hidden states or labels out."""
from zoo.registry import ids, padding, torchModel

DYNAMIC = [{"batch": 1, "seq": 5}, {"batch": 3, "seq": 12}, {"batch": 2, "seq": 9}]
SMALL = {"vocab_size": 200, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64, "max_position_embeddings": 64}


def masksWithoutVmap() -> None:
    """transformers makes masks by torch.vmap, which neither exporter can follow; its own way to export leaves it out."""
    from transformers import masking_utils
    from transformers.integrations.executorch import sdpa_mask_without_vmap

    masking_utils.sdpa_mask = sdpa_mask_without_vmap
    masking_utils.ALL_MASK_ATTENTION_FUNCTIONS.register("sdpa", sdpa_mask_without_vmap)


def pretrained(kind: str, result, **options):
    """A maker of transformers' model class `kind`; `result(model, *inputs)` calls it and picks the tensors."""

    def make():
        import torch
        import transformers

        masksWithoutVmap()

        class Network(torch.nn.Module):
            def __init__(self):
                super().__init__()
                loader = getattr(transformers, kind)
                self.model = loader(loader.config_class(**options))

            def forward(self, *inputs):
                return result(self.model, *inputs)

        return Network()

    return make


def masked(model, input_ids, attention_mask):
    found = model(input_ids=input_ids, attention_mask=attention_mask, return_dict=True)
    return found.logits if "logits" in found else found.last_hidden_state


def encoder(name: str, kind: str, options: dict, sizes: list = DYNAMIC, shape: tuple = ("batch", "seq"), **export) -> None:
    inputs = {"input_ids": ids(*shape, high=options["vocab_size"]), "attention_mask": padding(*shape)}
    torchModel(name, pretrained(kind, masked, **options), inputs, sizes, outputs=["output"], **export)


BASE = {"vocab_size": 30522}
encoder("bert-base", "BertModel", {**BASE, "attn_implementation": "sdpa"}, [{}], (1, 128))
encoder("bert-base-dynamic", "BertModel", {**BASE, "attn_implementation": "sdpa"}, [{"batch": 1, "seq": 128}, {"batch": 2, "seq": 37}])
encoder("distilbert", "DistilBertModel", BASE, [{}], (1, 128))

SCRIPT = {"dynamo": False, "opset": 14}
for attention in ("eager", "sdpa"):
    chosen = {**SMALL, "attn_implementation": attention}
    encoder(f"bert-tiny-{attention}", "BertForSequenceClassification", chosen)
    encoder(f"bert-tiny-{attention}-script", "BertForTokenClassification", chosen, **SCRIPT)
    encoder(f"roberta-tiny-{attention}", "RobertaForMaskedLM", chosen)
    encoder(f"roberta-tiny-{attention}-script", "RobertaModel", chosen, **SCRIPT)
encoder("bert-tiny-script-11", "BertModel", {**SMALL, "attn_implementation": "eager"}, dynamo=False, opset=11)
encoder("bert-tiny-23", "BertModel", SMALL, opset=23)
encoder("albert-tiny", "AlbertModel", {**SMALL, "embedding_size": 16})
encoder("albert-tiny-script", "AlbertModel", {**SMALL, "embedding_size": 16, "attn_implementation": "eager"}, **SCRIPT)
encoder("distilbert-tiny", "DistilBertForSequenceClassification", {"vocab_size": 200, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64})
encoder("distilbert-tiny-script", "DistilBertModel", {"vocab_size": 200, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64, "attn_implementation": "eager"}, **SCRIPT)
encoder("electra-tiny", "ElectraModel", {**SMALL, "embedding_size": 16})
encoder("mpnet-tiny", "MPNetModel", SMALL)
encoder("mpnet-tiny-script", "MPNetModel", SMALL, **SCRIPT)
encoder("deberta-v2-tiny", "DebertaV2Model", {**SMALL, "relative_attention": True, "position_buckets": 16, "pos_att_type": ["p2c", "c2p"], "norm_rel_ebd": "layer_norm"})
encoder("deberta-v2-tiny-script", "DebertaV2Model", {**SMALL, "relative_attention": True, "position_buckets": 16, "pos_att_type": ["p2c", "c2p"], "norm_rel_ebd": "layer_norm"}, **SCRIPT)
encoder("deberta-tiny-script", "DebertaModel", {**SMALL, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]}, **SCRIPT)
encoder("mobilebert-tiny", "MobileBertModel", {**SMALL, "embedding_size": 16, "intra_bottleneck_size": 16, "true_hidden_size": 16})
encoder("squeezebert-tiny-script", "SqueezeBertModel", {**SMALL, "embedding_size": 32}, **SCRIPT)
encoder("roformer-tiny", "RoFormerModel", {**SMALL, "embedding_size": 32})
encoder("modernbert-tiny", "ModernBertModel", {**SMALL, "attn_implementation": "eager", "local_attention": 4, "pad_token_id": 0})
encoder("modernbert-tiny-script", "ModernBertModel", {**SMALL, "attn_implementation": "eager", "local_attention": 4, "pad_token_id": 0}, dynamo=False, opset=17)
encoder("nystromformer-tiny", "NystromformerModel", {**SMALL, "num_landmarks": 4, "segment_means_seq_len": 16}, [{}], (2, 16))
encoder("convbert-tiny", "ConvBertModel", {**SMALL, "embedding_size": 32, "head_ratio": 2, "conv_kernel_size": 3}, [{}], (2, 16))
encoder("longformer-tiny-script", "LongformerModel", {**SMALL, "attention_window": [4, 4]}, [{}], (1, 16), **SCRIPT)
encoder("big-bird-tiny", "BigBirdModel", {**SMALL, "attention_type": "original_full"})
encoder("ibert-tiny", "IBertModel", SMALL)
encoder("xlm-tiny", "XLMModel", {"vocab_size": 200, "emb_dim": 32, "n_layers": 2, "n_heads": 4, "max_position_embeddings": 64})
encoder("funnel-tiny", "FunnelModel", {"vocab_size": 200, "block_sizes": [1, 1], "d_model": 32, "n_head": 4, "d_head": 8, "d_inner": 64}, [{}], (2, 16))
encoder("xlnet-tiny-script", "XLNetModel", {"vocab_size": 200, "d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 64}, **SCRIPT)
encoder("luke-tiny-script", "LukeModel", {**SMALL, "entity_vocab_size": 50, "entity_emb_size": 16}, **SCRIPT)
for name, kind, options in (("roformer", "RoFormerModel", {"embedding_size": 32}), ("electra", "ElectraModel", {"embedding_size": 16}), ("big-bird", "BigBirdModel", {"attention_type": "original_full"}),
                            ("rembert", "RemBertModel", {"input_embedding_size": 16, "output_embedding_size": 16}), ("megatron-bert", "MegatronBertModel", {}), ("ernie", "ErnieModel", {}),
                            ("ibert", "IBertModel", {}), ("xlm-roberta-xl", "XLMRobertaXLModel", {})):
    encoder(f"{name}-tiny-script", kind, {**SMALL, **options, "attn_implementation": "eager"}, **SCRIPT)

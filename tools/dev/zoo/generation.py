"""generation.py - decoders with their caches, and encoder-decoder pairs, of transformers."""
from zoo.language import pretrained
from zoo.registry import Spec, ids, normal, ones, padding, torchModel

import numpy as np

CACHED = [{"batch": 1, "past": 4, "seq": 1}, {"batch": 2, "past": 5, "seq": 3}]


def cacheOf(flat):
    from transformers import DynamicCache

    return DynamicCache.from_legacy_cache(tuple(zip(flat[::2], flat[1::2])))


def flatCache(cache):
    return [t for layer in cache.to_legacy_cache() for t in layer[:2]]


def prefill(model, input_ids, attention_mask):
    found = model(input_ids=input_ids, attention_mask=attention_mask, use_cache=True)
    return (found.logits, *flatCache(found.past_key_values))


def step(model, input_ids, attention_mask, position_ids, *past):
    found = model(input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids, past_key_values=cacheOf(past), use_cache=True)
    return (found.logits, *flatCache(found.past_key_values))


def stepWithoutPositions(model, input_ids, attention_mask, *past):
    found = model(input_ids=input_ids, attention_mask=attention_mask, past_key_values=cacheOf(past), use_cache=True)
    return (found.logits, *flatCache(found.past_key_values))


def decoder(name: str, kind: str, options: dict, layers: int, heads: int, width: int, sizes: list = CACHED, shape: tuple = ("batch", "past", "seq"),
            hasPositions: bool = True, **export) -> None:
    """One step of generation: `seq` new tokens behind `past` cached ones; `heads` and `width` are those of keys and values."""
    batch, past, seq = shape
    whole = past + seq if isinstance(past, int) else f"{past}+{seq}"
    offset = Spec((batch, seq, past), lambda rng, s: np.broadcast_to(np.arange(s[2], s[2] + s[1]), s[:2]).copy())
    inputs = {"input_ids": ids(batch, seq, high=options["vocab_size"]), "attention_mask": ones(batch, whole)}
    if hasPositions:
        offset.symbols = lambda: {a: d for a, d in enumerate((batch, seq)) if isinstance(d, str)}
        inputs["position_ids"] = offset
    caches = [f"{{}}.{i}.{part}" for i in range(layers) for part in ("key", "value")]
    inputs |= {c.format("past"): normal(batch, heads, past, width) for c in caches}
    torchModel(name, pretrained(kind, step if hasPositions else stepWithoutPositions, **options), inputs, sizes,
               outputs=["logits", *(c.format("present") for c in caches)], **export)


def prompt(name: str, kind: str, options: dict, layers: int, shape: tuple = ("batch", "seq"), sizes: list = [{"batch": 1, "seq": 7}, {"batch": 2, "seq": 5}], **export) -> None:
    """The prompt at once, which fills the caches."""
    caches = [f"present.{i}.{part}" for i in range(layers) for part in ("key", "value")]
    inputs = {"input_ids": ids(*shape, high=options["vocab_size"]), "attention_mask": ones(*shape)}
    torchModel(name, pretrained(kind, prefill, **options), inputs, sizes, outputs=["logits", *caches], **export)


GPT2 = {"vocab_size": 50257}
prompt("gpt2", "GPT2LMHeadModel", GPT2, 12, (1, 128), [{}])
decoder("gpt2-decode", "GPT2LMHeadModel", GPT2, 12, 12, 64, [{"past": 255}, {"past": 31}], (1, "past", 1))
LLAMA = {"vocab_size": 32000, "hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12, "num_attention_heads": 12, "num_key_value_heads": 4}
prompt("llama", "LlamaForCausalLM", LLAMA, 12, (1, 128), [{}])
decoder("llama-decode", "LlamaForCausalLM", LLAMA, 12, 4, 64, [{"past": 255}, {"past": 31}], (1, "past", 1))

TINY = {"vocab_size": 200, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 128}
GROUPED = {**TINY, "num_key_value_heads": 2}
TINY_GPT2 = {"vocab_size": 200, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128}
EAGER = {"attn_implementation": "eager"}
SCRIPT = {"dynamo": False, "opset": 17}

prompt("gpt2-tiny", "GPT2LMHeadModel", TINY_GPT2, 2)
decoder("gpt2-tiny-decode", "GPT2LMHeadModel", TINY_GPT2, 2, 4, 8)
decoder("gpt2-tiny-decode-eager", "GPT2LMHeadModel", {**TINY_GPT2, **EAGER}, 2, 4, 8, opset=20)
decoder("gpt2-tiny-decode-23", "GPT2LMHeadModel", TINY_GPT2, 2, 4, 8, opset=23)
decoder("gpt2-tiny-decode-script", "GPT2LMHeadModel", {**TINY_GPT2, **EAGER}, 2, 4, 8, **SCRIPT)
prompt("llama-tiny", "LlamaForCausalLM", GROUPED, 2)
prompt("llama-tiny-script", "LlamaForCausalLM", {**GROUPED, **EAGER}, 2, **SCRIPT)
decoder("llama-tiny-decode", "LlamaForCausalLM", GROUPED, 2, 2, 8)
decoder("llama-tiny-decode-23", "LlamaForCausalLM", GROUPED, 2, 2, 8, opset=23)
decoder("llama-tiny-decode-script", "LlamaForCausalLM", {**GROUPED, **EAGER}, 2, 2, 8, **SCRIPT)
decoder("mistral-tiny-decode", "MistralForCausalLM", {**GROUPED, "sliding_window": None}, 2, 2, 8)
decoder("qwen2-tiny-decode", "Qwen2ForCausalLM", GROUPED, 2, 2, 8)
decoder("qwen2-tiny-decode-script", "Qwen2ForCausalLM", {**GROUPED, **EAGER}, 2, 2, 8, **SCRIPT)
decoder("qwen3-tiny-decode", "Qwen3ForCausalLM", {**GROUPED, "head_dim": 8}, 2, 2, 8)
decoder("gemma-tiny-decode", "GemmaForCausalLM", {**GROUPED, "num_key_value_heads": 1, "head_dim": 8}, 2, 1, 8)
prompt("gemma2-tiny", "Gemma2ForCausalLM", {**GROUPED, "head_dim": 8, "sliding_window": 4, **EAGER}, 2)
prompt("gemma3-tiny", "Gemma3ForCausalLM", {**GROUPED, "head_dim": 8, "sliding_window": 4}, 2)
decoder("phi-tiny-decode", "PhiForCausalLM", {**TINY, "partial_rotary_factor": 0.5}, 2, 4, 8)
decoder("phi3-tiny-decode", "Phi3ForCausalLM", {**GROUPED, "pad_token_id": 0}, 2, 2, 8)
decoder("gpt-neox-tiny-decode", "GPTNeoXForCausalLM", {**TINY, "rotary_pct": 0.5}, 2, 4, 8)
decoder("gpt-j-tiny-decode", "GPTJForCausalLM", {"vocab_size": 200, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128, "rotary_dim": 4}, 2, 4, 8)
decoder("gpt-neo-tiny-decode", "GPTNeoForCausalLM", {"vocab_size": 200, "hidden_size": 32, "num_layers": 2, "num_heads": 4, "attention_types": [[["global", "local"], 1]], "max_position_embeddings": 128}, 2, 4, 8)
decoder("opt-tiny-decode", "OPTForCausalLM", {"vocab_size": 200, "hidden_size": 32, "ffn_dim": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 128, "word_embed_proj_dim": 32}, 2, 4, 8)
prompt("bloom-tiny", "BloomForCausalLM", {"vocab_size": 200, "hidden_size": 32, "n_layer": 2, "n_head": 4}, 2)
decoder("bloom-tiny-decode", "BloomForCausalLM", {"vocab_size": 200, "hidden_size": 32, "n_layer": 2, "n_head": 4}, 2, 4, 8, hasPositions=False)
decoder("falcon-tiny-decode", "FalconForCausalLM", {**TINY, "multi_query": True, "new_decoder_architecture": False, "alibi": False}, 2, 1, 8)
prompt("olmo2-tiny", "Olmo2ForCausalLM", GROUPED, 2)
prompt("cohere-tiny", "CohereForCausalLM", {**GROUPED, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}, 2)
prompt("granite-tiny", "GraniteForCausalLM", GROUPED, 2)
prompt("stablelm-tiny", "StableLmForCausalLM", {**TINY, "partial_rotary_factor": 0.5}, 2)
prompt("smollm3-tiny", "SmolLM3ForCausalLM", {**GROUPED, "pad_token_id": 0}, 2)


def withoutCache(model, input_ids):
    return model(input_ids=input_ids, use_cache=False).logits


MAMBA = {"vocab_size": 200, "hidden_size": 16, "state_size": 4, "num_hidden_layers": 2, "intermediate_size": 32, "time_step_rank": 2}
torchModel("mamba-tiny", pretrained("MambaForCausalLM", withoutCache, **MAMBA), {"input_ids": ids(2, 9, high=200)}, outputs=["logits"])
torchModel("mamba-tiny-script", pretrained("MambaForCausalLM", withoutCache, **MAMBA), {"input_ids": ids(2, 9, high=200)}, outputs=["logits"], **SCRIPT)
torchModel("rwkv-tiny", pretrained("RwkvForCausalLM", withoutCache, vocab_size=200, hidden_size=16, num_hidden_layers=2, context_length=32),
           {"input_ids": ids(2, 6, high=200)}, outputs=["logits"])

for name, kind, options in (("mixtral", "MixtralForCausalLM", {**GROUPED, "num_local_experts": 4}), ("qwen3-moe", "Qwen3MoeForCausalLM", {**GROUPED, "head_dim": 8, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}),
                            ("gemma2", "Gemma2ForCausalLM", {**GROUPED, "head_dim": 8, "sliding_window": 4}), ("gemma3", "Gemma3ForCausalLM", {**GROUPED, "head_dim": 8, "sliding_window": 4}),
                            ("phi3", "Phi3ForCausalLM", {**GROUPED, "pad_token_id": 0}),
                            ("mpt", "MptForCausalLM", {"vocab_size": 200, "d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 64}),
                            ("gpt-neox", "GPTNeoXForCausalLM", {**TINY, "rotary_pct": 0.5}), ("olmo2", "Olmo2ForCausalLM", GROUPED),
                            ("deepseek-v3", "DeepseekV3ForCausalLM", {**TINY, "num_key_value_heads": 4, "n_routed_experts": 4, "num_experts_per_tok": 2, "n_group": 2, "topk_group": 1, "moe_intermediate_size": 16, "q_lora_rank": 16, "kv_lora_rank": 16,
                             "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 8, "first_k_dense_replace": 1}),
                            ("gpt-oss", "GptOssForCausalLM", {**GROUPED, "head_dim": 8, "num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 4}), ("xglm", "XGLMForCausalLM", {"vocab_size": 200, "d_model": 32, "num_layers": 2, "attention_heads": 4, "ffn_dim": 64}),
                            ("codegen", "CodeGenForCausalLM", {**TINY_GPT2, "rotary_dim": 4}), ("ctrl", "CTRLLMHeadModel", {**TINY_GPT2, "dff": 64})):
    torchModel(f"{name}-tiny-script", pretrained(kind, withoutCache, **{**options, **EAGER}), {"input_ids": ids("batch", "seq", high=200)}, [{"batch": 1, "seq": 7}, {"batch": 2, "seq": 5}], outputs=["logits"], **SCRIPT)

PAIRS = [{"batch": 1, "source": 4, "target": 1}, {"batch": 2, "source": 7, "target": 3}]


def encode(model, input_ids, attention_mask):
    return model.get_encoder()(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state


def decode(model, decoder_input_ids, hidden, attention_mask):
    from transformers.modeling_outputs import BaseModelOutput

    return model(encoder_outputs=BaseModelOutput(hidden), attention_mask=attention_mask, decoder_input_ids=decoder_input_ids, use_cache=False).logits


def pair(name: str, kind: str, options: dict, width: int, **export) -> None:
    torchModel(f"{name}-encoder", pretrained(kind, encode, **options), {"input_ids": ids("batch", "source", high=options["vocab_size"]), "attention_mask": padding("batch", "source")},
               PAIRS, outputs=["hidden"], **export)
    torchModel(f"{name}-decoder", pretrained(kind, decode, **options),
               {"decoder_input_ids": ids("batch", "target", high=options["vocab_size"]), "hidden": normal("batch", "source", width), "attention_mask": padding("batch", "source")},
               PAIRS, outputs=["logits"], **export)


T5 = {"vocab_size": 200, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "decoder_start_token_id": 0}
BART = {"vocab_size": 200, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64,
        "max_position_embeddings": 64}
pair("t5-tiny", "T5ForConditionalGeneration", T5, 32)
pair("t5-tiny-script", "T5ForConditionalGeneration", T5, 32, dynamo=False, opset=14)
pair("flan-t5-tiny", "T5ForConditionalGeneration", {**T5, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}, 32)
pair("bart-tiny", "BartForConditionalGeneration", BART, 32)
pair("bart-tiny-script", "BartForConditionalGeneration", {**BART, **EAGER}, 32, dynamo=False, opset=14)
pair("marian-tiny", "MarianMTModel", {**BART, "pad_token_id": 1, "decoder_start_token_id": 1}, 32)
pair("m2m100-tiny", "M2M100ForConditionalGeneration", BART, 32)
pair("pegasus-tiny", "PegasusForConditionalGeneration", BART, 32)
pair("prophetnet-tiny", "ProphetNetForConditionalGeneration", {"vocab_size": 200, "hidden_size": 32, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "num_encoder_layers": 2, "num_decoder_layers": 2,
     "num_encoder_attention_heads": 4, "num_decoder_attention_heads": 4, "max_position_embeddings": 64}, 32)
pair("longt5-tiny-script", "LongT5ForConditionalGeneration", {**T5, "local_radius": 3, "num_decoder_layers": 2}, 32, **SCRIPT)
pair("longt5-global-tiny-script", "LongT5ForConditionalGeneration", {**T5, "local_radius": 3, "global_block_size": 2, "encoder_attention_type": "transient-global"}, 32, **SCRIPT)
pair("umt5-tiny-script", "UMT5ForConditionalGeneration", T5, 32, **SCRIPT)
for name, kind in (("mbart", "MBartForConditionalGeneration"), ("pegasus", "PegasusForConditionalGeneration"), ("blenderbot", "BlenderbotForConditionalGeneration"), ("plbart", "PLBartForConditionalGeneration")):
    pair(f"{name}-tiny-script", kind, {**BART, **EAGER}, 32, **SCRIPT)

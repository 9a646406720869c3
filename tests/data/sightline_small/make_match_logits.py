#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes match_logits_fp64.json: the match logits of the small model for the pairs of its expected.json, by PyTorch in
fp64 from the formulas of the specification (sections 2, 4, 5, 6), with pictures read by Pillow.

Needs torch, safetensors, numpy and pillow:  make_match_logits.py > match_logits_fp64.json
Also prints, to stderr, how far PyTorch in fp32 is from that, and from expected.json.
"""
import json
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODEL = ROOT / "models/sightline-small"
SAMPLES = json.loads((MODEL / "expected.json").read_text())["samples"]
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711])


def read_weights():
    """All tensors in fp32, int8 rows multiplied by their scales."""
    stored = load_file(MODEL / "weights.safetensors")
    weights = {}
    for name, value in stored.items():
        if name.endswith(".scale") and name.removesuffix(".scale") in stored:
            continue
        if value.dtype == torch.int8:
            scale = stored[name + ".scale"]
            value = value.float() * scale.reshape(-1, *([1] * (value.dim() - 1)))
        weights[name] = value.float()
    return weights


class Model:
    def __init__(self, weights, dtype, fused_attention):
        self.w = {name: value.to(dtype) for name, value in weights.items()}
        self.dtype = dtype
        self.fused_attention = fused_attention

    def linear(self, x, scope):
        return F.linear(x, self.w[scope + "weight"], self.w.get(scope + "bias"))

    def norm(self, x, scope, eps):
        return F.layer_norm(x, x.shape[-1:], self.w[scope + "weight"], self.w[scope + "bias"], eps)

    def attend(self, q, k, v, heads):
        shape = q.shape
        q, k, v = (t.reshape(t.shape[0], -1, heads, shape[-1] // heads).transpose(1, 2) for t in (q, k, v))
        if self.fused_attention:
            mixed = F.scaled_dot_product_attention(q, k, v)
        else:
            mixed = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1) @ v
        return mixed.transpose(1, 2).reshape(shape)

    def patches(self, images):
        root = "vision_encoder."
        x = F.conv2d(images.to(self.dtype), self.w[root + "patch_embed.proj.weight"],
                     self.w[root + "patch_embed.proj.bias"], stride=14).flatten(2).transpose(1, 2)
        x = torch.cat([self.w[root + "cls_token"].expand(len(x), 1, -1), x], 1) + self.w[root + "pos_embed"]
        for i in range(12):
            block = f"{root}blocks.{i}."
            q_bias = self.w[block + "attn.q_bias"]
            bias = torch.cat([q_bias, torch.zeros_like(q_bias), self.w[block + "attn.v_bias"]])
            normed = self.norm(x, block + "norm1.", 1e-6)
            q, k, v = F.linear(normed, self.w[block + "attn.qkv.weight"], bias).chunk(3, -1)
            x = x + self.w[block + "gamma_1"] * self.linear(self.attend(q, k, v, 6), block + "attn.proj.")
            inner = F.gelu(self.linear(self.norm(x, block + "norm2.", 1e-6), block + "mlp.fc1."))
            x = x + self.w[block + "gamma_2"] * self.linear(inner, block + "mlp.fc2.")
        x = self.norm(x[:, 1:], root + "fc_norm.", 1e-6)
        return torch.cat([x.mean(1, True), x], 1)

    def attention_block(self, x, memory, scope):
        mixed = self.attend(self.linear(x, scope + "self.query."), self.linear(memory, scope + "self.key."),
                            self.linear(memory, scope + "self.value."), 12)
        return self.norm(self.linear(mixed, scope + "output.dense.") + x, scope + "output.LayerNorm.", 1e-12)

    def layer(self, x, index, patches=None):
        scope = f"text_encoder.encoder.layer.{index}."
        x = self.attention_block(x, x, scope + "attention.")
        if patches is not None:
            x = self.attention_block(x, patches, scope + "crossattention.")
        inner = F.gelu(self.linear(x, scope + "intermediate.dense."))
        return self.norm(self.linear(inner, scope + "output.dense.") + x, scope + "output.LayerNorm.", 1e-12)

    def logits(self, ids, patches):
        """Logit 1 of one text without padding, against every picture."""
        scope = "text_encoder.embeddings."
        x = (self.w[scope + "word_embeddings.weight"][ids] + self.w[scope + "token_type_embeddings.weight"][0] +
             self.w[scope + "position_embeddings.weight"][:len(ids)])
        x = self.norm(x[None], scope + "LayerNorm.", 1e-12)
        for index in range(6):
            x = self.layer(x, index)
        x = x.expand(len(patches), -1, -1)
        for index in range(6, 9):
            x = self.layer(x, index, patches)
        inner = F.gelu(self.norm(self.linear(x[:, 0], "itm_head.0."), "itm_head.1.", 1e-5))
        return self.linear(inner, "itm_head.3.")[:, 1]


def read_image(name):
    picture = Image.open(ROOT / "samples/photos" / name).convert("RGB").resize((196, 196), Image.BICUBIC)
    return ((torch.from_numpy(np.array(picture)).float() / 255 - MEAN) / STD).permute(2, 0, 1)


@torch.no_grad()
def match_logits(weights, images, dtype, fused_attention):
    model = Model(weights, dtype, fused_attention)
    patches = model.patches(images)
    return torch.stack([model.logits(ids, patches) for ids in SAMPLES["token_ids"]]).double()


def main():
    weights = read_weights()
    images = torch.stack([read_image(name) for name in SAMPLES["photos"]])
    exact = match_logits(weights, images, torch.float64, False)
    expected = torch.tensor(SAMPLES["match_logits"], dtype=torch.float64)
    print(f"fp64 to expected.json: {(exact - expected).abs().max():.1e}", file=sys.stderr)
    for fused_attention in (False, True):
        rounded = match_logits(weights, images, torch.float32, fused_attention)
        print(f"fp32, fused attention {fused_attention}: to fp64 {(rounded - exact).abs().max():.1e}, "
              f"to expected.json {(rounded - expected).abs().max():.1e}", file=sys.stderr)
    rows = ",\n".join("  " + json.dumps([round(value, 9) for value in row]) for row in exact.tolist())
    print(f"[\n{rows}\n]")


main()

#!/usr/bin/env python3
"""The steps of `distillery bench smollm2` and `distilbert` in PyTorch, on the same shapes: python3 benches/torch_shapes.py smollm2 [--device cuda] [--precision bf16] [--compile]

Needs torch and transformers. Weights are random; AdamW, the teacher's forward pass in the step, the loss read back after every step. Prints one JSON object with
the fields of `distillery bench`.
"""
import argparse
import json
import time

import torch
from torch.nn import functional
from transformers import BertConfig, BertForMaskedLM, LlamaConfig, LlamaForCausalLM

TEXTS, SEQ = 8, 128
HALF = {"f32": None, "bf16": torch.bfloat16, "f16": torch.float16}


def forward_kl(teacher, student, temperature):
    p, q = (functional.log_softmax(logits / temperature, -1) for logits in (teacher, student))
    return functional.kl_div(q, p, log_target=True, reduction="batchmean") * temperature**2


class SmolLm2:
    """Token KD: 30 layers into 15, 49,152 tokens, alpha 0.5, T = 1 (the preset's); all logits at once, as one writes it in PyTorch."""

    VOCAB = 49_152

    def __init__(self, device):
        config = dict(vocab_size=self.VOCAB, hidden_size=576, intermediate_size=1536, num_attention_heads=9, num_key_value_heads=3,
                      max_position_embeddings=8192, tie_word_embeddings=True)
        self.teacher, self.student = (LlamaForCausalLM(LlamaConfig(num_hidden_layers=layers, **config)).to(device) for layers in (30, 15))
        text, at = torch.arange(TEXTS)[:, None], torch.arange(SEQ + 1)
        self.tokens = ((text * 911 + at * 37) % self.VOCAB).to(device)

    def loss(self, teacher, student):
        ids, next_ids = self.tokens[:, :-1], self.tokens[:, 1:].reshape(-1)
        with torch.no_grad():
            heard = teacher(input_ids=ids, use_cache=False).logits.float().reshape(-1, self.VOCAB)
        logits = student(input_ids=ids, use_cache=False).logits.float().reshape(-1, self.VOCAB)
        return 0.5 * functional.cross_entropy(logits, next_ids) + 0.5 * forward_kl(heard, logits, 1.0)


class DistilBert:
    """5·T²·KL + 2·MLM + 1·cos at T = 2 over all tokens: BERT-base into 6 layers, every seventh token to be foretold."""

    VOCAB, MASK = 30_522, 103

    def __init__(self, device):
        self.teacher, self.student = (BertForMaskedLM(BertConfig(vocab_size=self.VOCAB, num_hidden_layers=layers)).to(device) for layers in (12, 6))
        text, at = torch.arange(TEXTS)[:, None], torch.arange(SEQ)
        self.tokens = (1000 + (text * 911 + at * 37) % (self.VOCAB - 1000)).to(device)
        self.asked = torch.zeros(TEXTS, SEQ, dtype=torch.bool, device=device)
        self.asked[:, 3::7] = True
        self.shown = self.tokens.masked_fill(self.asked, self.MASK)

    def loss(self, teacher, student):
        with torch.no_grad():
            heard = teacher(input_ids=self.shown, output_hidden_states=True)
        own = student(input_ids=self.shown, output_hidden_states=True)
        soft = forward_kl(heard.logits.float().reshape(-1, self.VOCAB), own.logits.float().reshape(-1, self.VOCAB), 2.0)
        hard = functional.cross_entropy(own.logits.float()[self.asked], self.tokens[self.asked])
        states = (own.hidden_states[-1].float(), heard.hidden_states[-1].float())
        return 5.0 * soft + 2.0 * hard + (1.0 - functional.cosine_similarity(*states, dim=-1)).mean()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("workload", choices=["smollm2", "distilbert"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=HALF, default="f32")
    parser.add_argument("--compile", action="store_true")
    args = parser.parse_args()
    half = HALF[args.precision]
    shape = {"smollm2": SmolLm2, "distilbert": DistilBert}[args.workload](args.device)
    # As ours: dropout is off, TF32 is not f32.
    teacher, student = shape.teacher.eval(), shape.student.eval()
    torch.backends.cuda.matmul.allow_tf32 = False
    optimizer = torch.optim.AdamW(student.parameters(), 1e-5)
    scaler = torch.amp.GradScaler(args.device, enabled=half is torch.float16)
    if args.compile:
        teacher, student = torch.compile(teacher), torch.compile(student)

    def step():
        start = time.perf_counter()
        optimizer.zero_grad()
        with torch.autocast(args.device, half or torch.bfloat16, enabled=half is not None):
            loss = shape.loss(teacher, student)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss.item(), time.perf_counter() - start

    loss, first = step()
    times, began = [], time.perf_counter()
    while len(times) < 5 or len(times) < 50 and time.perf_counter() - began < 30:
        times.append(step()[1])
    times.sort()
    median = times[len(times) // 2]
    info = f"torch {torch.__version__}, {args.device}, {torch.get_num_threads()} threads{', compiled' if args.compile else ''}"
    print(json.dumps({"workload": args.workload, "info": info, "precision": args.precision, "loss": loss, "first_step_s": first, "step_s": median,
                      "fastest_s": times[0], "slowest_s": times[-1], "timed_steps": len(times), "tokens_per_s": TEXTS * SEQ / median}))


main()

"""Writes chat.json: what transformers' `apply_chat_template` makes of conversations, by templates as models have them (SmolLM2, Qwen2.5, LLaMA 3 and 2,
Mistral, Zephyr, and two that mark what the assistant says), with two tokenizers made here: byte-level with a token that begins every text, and with `▁` before every piece as LLaMA 2's.

    python tests/reference/chat.py

Needs transformers, no torch. Of each conversation the tokens of all before the last message, an answer asked for, and of the whole; `null` where the
template raises an exception.
"""

import json
import pathlib

import transformers
from jinja2.exceptions import TemplateError
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TEXTS = ["The Baltic and the Black Sea are two seas. Name two seas.\n\nBe kind and brief. user assistant system Who are you? INST SYS"] * 3
CONTROL = ["<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]

# The first is of SmolLM2-135M-Instruct, the others of the instructed models of their names; Qwen2.5's and Mistral's are without what only tools reach.
CHAT_ML = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant "
    "named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' "
    "+ '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
QWEN = """{%- if tools %}
    {{- '<|im_start|>system\\n# Tools' }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
LLAMA_3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + "
    "'<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
    "{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
LLAMA_2 = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}"
    "{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') "
    "!= (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + "
    "' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
)
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles "
    "must alternate user/assistant/user/assistant/...') }}{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token + ' ' }}{% else %}{{ raise_exception('Only user and assistant roles are "
    "supported!') }}{% endif %}{% endfor %}"
)
MISTRAL_3 = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}

{#- This block checks for alternating user/assistant messages, skipping tool calling messages #}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, conversation roles must alternate user/assistant/user/assistant/...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}

{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if message == user_messages[-1] and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- endif %}
{%- endfor %}
"""
ZEPHYR = """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""

# As SmolLM3's and others for training: what the assistant says stands between tags of transformers' own.
GENERATION = """{%- for message in messages %}
    {%- if message.role == "assistant" %}
        {%- generation %}
        {{- '<|im_start|>assistant\\n' + message.content + '<|im_end|>\\n' }}
        {%- endgeneration %}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{% if add_generation_prompt %}
<|im_start|>assistant
{% endif %}
"""
GENERATION_LOOSE = """{% for message in messages %}
<|im_start|>{{ message.role }}
  {% generation %}
{{ message.content }}<|im_end|>
  {% endgeneration %}
{% endfor %}
{% if add_generation_prompt %}
<|im_start|>assistant
{% endif %}
"""

CASES = {
    "SmolLM2": (CHAT_ML, "bytes", {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}),
    "Qwen2.5": (QWEN, "bytes", {"eos_token": "<|im_end|>"}),
    "marked": (GENERATION, "bytes", {"eos_token": "<|im_end|>"}),
    "marked, on lines of their own": (GENERATION_LOOSE, "bytes", {"eos_token": "<|im_end|>"}),
    "LLaMA 3": (LLAMA_3, "bytes", {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}),
    "LLaMA 2": (LLAMA_2, "pieces", {"bos_token": "<s>", "eos_token": "</s>"}),
    "Mistral": (MISTRAL, "pieces", {"bos_token": "<s>", "eos_token": "</s>"}),
    "Mistral 0.3": (MISTRAL_3, "pieces", {"bos_token": "<s>", "eos_token": "</s>"}),
    "Zephyr": (ZEPHYR, "pieces", {"bos_token": "<s>", "eos_token": "</s>"}),
}


def conversation(*turns):
    return [{"role": role, "content": content} for role, content in turns]


SHORT = [("user", "Name two seas."), ("assistant", "The Baltic and the Black Sea.")]
CONVERSATIONS = [
    conversation(*SHORT),
    conversation(*SHORT, ("user", " Who are you?\n\nBe brief."), ("assistant", "\nA sea — née Zoé.\n  Two  lines. ")),
    conversation(("system", "Be kind."), *SHORT),
]


def bytes_tokenizer():
    """As GPT-2's and LLaMA 3's."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=310, special_tokens=CONTROL, initial_alphabet=alphabet, show_progress=False))
    begin = "<|begin_of_text|>"
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{begin} $A", special_tokens=[(begin, tokenizer.token_to_id(begin))])
    return tokenizer


def pieces_tokenizer():
    """As LLaMA 2's and Mistral's: a piece in the middle begins with `▁` where a space was, and the first one anyway."""
    letters = sorted(set("".join(TEXTS).replace(" ", "▁")) | set("[]/<>|"))
    vocab = {"<unk>": 0, "<s>": 1, "</s>": 2} | {f"<0x{byte:02X}>": 3 + byte for byte in range(256)}
    vocab |= {letter: 259 + at for at, letter in enumerate(letter for letter in letters if letter != "\n")}
    merges = [("▁", "t"), ("▁", "S"), ("▁", "["), ("▁", "T"), ("h", "e"), ("▁t", "he"), ("▁T", "he"), ("▁", "▁")]
    vocab |= {"".join(pair): len(vocab) + at for at, pair in enumerate(merges)}
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def ids(tokenizer, messages, ask):
    try:
        return tokenizer.apply_chat_template(messages, add_generation_prompt=ask, tokenize=True, return_dict=False)
    except TemplateError:
        return None


tokenizers = {"bytes": bytes_tokenizer(), "pieces": pieces_tokenizer()}
cases = []
for name, (template, kind, tokens) in CASES.items():
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizers[kind], chat_template=template, **tokens)
    found = []
    for messages in CONVERSATIONS:
        found.append({"messages": messages, "prompt": ids(tokenizer, messages[:-1], True), "whole": ids(tokenizer, messages, False)})
        print(name, found[-1]["prompt"] and (tokenizer.decode(found[-1]["whole"]), found[-1]["whole"][:len(found[-1]["prompt"])] == found[-1]["prompt"]))
    cases.append({"name": name, "tokenizer": kind, "config": {"chat_template": template, **tokens}, "conversations": found})

path = pathlib.Path(__file__).with_name("chat.json")
written = {name: json.loads(tokenizer.to_str()) for name, tokenizer in tokenizers.items()}
lines = ",\n".join("  " + json.dumps(case, ensure_ascii=False) for case in cases)
path.write_text(f' {{"tokenizers": {json.dumps(written, ensure_ascii=False, separators=(",", ":"))},\n "cases": [\n{lines}\n ]}}\n'.lstrip())
print(path, path.stat().st_size, "bytes")

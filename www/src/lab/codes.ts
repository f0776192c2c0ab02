/** Every error that can reach a visitor, by its code. A test asks for a text of each in both languages. */

/** Every code of the engine (`code()` in src/{spec,data,device,train}/error.rs and web/bindings.rs). */
export const ENGINE_CODES = [
  "unknown_key", "unknown_preset", "out_of_range", "conflict", "version", "bad_file", "no_adapter", "no_backend", "device_lost",
  "shader_failed", "not_finite", "not_live", "bad_model", "bad_checkpoint", "no_such_row", "unavailable", "bad_data", "unused_files",
  "nothing_to_learn", "bad_command", "generate", "not_brought", "no_version", "not_json", "native_preset", "native_value", "no_checkpoint",
  "checkpoint_version", "weights_format", "weights_truncated", "weights_missing", "weights_shape", "weights_type", "weights_not_finite",
] as const;

/** Codes of the page's own side. */
export const PAGE_CODES = [
  "panic", "crashed", "not_loaded", "not_started", "bad_parameter", "hidden_view", "no_effect", "file_kind", "file_toml", "file_size", "no_clipboard", "too_slow",
  "metrics_json", "metrics_event", "metrics_start", "not_fetched",
] as const;

/** Codes with a cause that is known only in the words of a parser, a browser or a driver: the page keeps those behind its own. */
export const RAW_CODES: readonly string[] = [
  "bad_file", "not_json", "weights_format", "weights_truncated", "bad_checkpoint", "conflict", "no_adapter", "no_backend", "device_lost",
  "shader_failed", "bad_model", "unavailable", "bad_data", "bad_command", "panic", "crashed", "not_loaded", "not_started", "generate",
  "not_fetched", "not_brought",
];

/** Knobs that contradict others, with a text of their own (src/spec/conflicts.rs). */
export const CONFLICTS = [
  "teacher.kind", "student.kind", "task.omit_class", "task.added", "teacher.source", "teacher.count", "distill.access", "distill.attention_weight", "distill.hint_weight",
  "teacher.heads", "student.heads", "student.start", "student.lora_rank", "teacher.schedule", "encoder.objective", "encoder.adapt_steps", "train.batch_size", "train.validation", "train.precision", "student.from_layers", "student.embedding", "encoder.attention_weight", "encoder.relation_weight", "encoder.layer_map",
] as const;

/** Errors in the visitor's words: translated by code, with the knob's own name and the range from the page's own table. */
import type { EngineError, Kind } from "../engine/protocol";
import { exact, has, t } from "../i18n/index.svelte";
import { readPoints } from "./draw/added";
import { findKnob } from "./knobs";

export function knobName(key: string): string {
  return has(`knob.${key}`) ? t(`knob.${key}`) : key;
}

/** A value as the controls show it: the name of an option, the word for a special number. */
export function valueName(key: string, value: string): string {
  const kind = findKnob(key)?.kind;
  if (kind?.type === "bool") return t(`value.${value}`);
  if (has(`option.${key}.${value}`)) return t(`option.${key}.${value}`);
  if (kind?.type === "points") return t("value.points", { count: readPoints(value)?.length ?? 0 });
  const special = Number(value);
  if (has(`special.${key}.${special}`)) return t(`special.${key}.${special}`);
  return kind?.type === "int" || kind?.type === "float" ? plainNumber(special) : value;
}

/** Small numbers stand as a person types them. */
function plainNumber(value: number): string {
  return exact(value, { useGrouping: Math.abs(value) >= 10_000 });
}

/** The range of a knob in words. */
export function allowedWords(key: string, kind: Kind): string {
  switch (kind.type) {
    case "choice":
      return t("allowed.choice", { options: kind.options.map((option) => valueName(key, option)).join(", ") });
    case "int":
      return t("allowed.int", { min: plainNumber(kind.min), max: plainNumber(kind.max) });
    case "float":
      return t("allowed.float", { min: plainNumber(kind.min), max: plainNumber(kind.max) });
    case "bool":
      return t("allowed.bool");
    case "points":
      return t("allowed.points", { len: kind.max_len });
    case "widths":
      return t("allowed.widths", { len: kind.max_len, min: plainNumber(kind.min), max: plainNumber(kind.max) });
  }
}

export function errorText(error: EngineError): string {
  const knob = error.key === null ? undefined : findKnob(error.key);
  const own = `error.${error.code}.${error.key ?? ""}`;
  const key = has(own) ? own : error.code === "unknown_key" && error.allowed !== null ? "error.unknown_key.near" : `error.${error.code}`;
  if (!has(key)) return error.message;
  return t(key, {
    key: knob ? knobName(knob.key) : (error.key ?? ""),
    value: error.value ?? "",
    allowed: knob && error.code === "out_of_range" ? allowedWords(knob.key, knob.kind) : (error.allowed ?? ""),
    message: error.message,
  });
}

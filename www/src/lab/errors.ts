/** Errors in the visitor's words: translated by code, with the knob's own name and the range from the page's own table. */
import type { EngineError, Kind } from "../engine/protocol";
import { exact, has, t } from "../i18n/index.svelte";
import { readPoints } from "./draw/added";
import { PANEL_IDS } from "./closer/ids";
import { CONFLICTS, RAW_CODES } from "./codes";
import { PRESETS, findKnob, nearest, offered } from "./knobs";
import { GROUP_IDS, PART_IDS } from "./parts";

/** Where a knob is to be named and it does not matter which. */
export const EXAMPLE_KNOB = "distill.alpha";

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

/** Of the choices those that the page has. */
function optionsOf(key: string, all: readonly string[]): readonly string[] {
  const knob = findKnob(key);
  return knob === undefined ? all : offered(knob, {});
}

/** The range of a knob in words. */
export function allowedWords(key: string, kind: Kind): string {
  switch (kind.type) {
    case "choice":
      return t("allowed.choice", { options: optionsOf(key, kind.options).map((option) => valueName(key, option)).join(", ") });
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

/** What a knob needs to have an effect, `task.name=plane|digits, …`, in words. */
function needWords(needs: string): string {
  return needs
    .split(", ")
    .map((need) => {
      const [key = "", options = ""] = need.split("=");
      return t("allowed.with", { key: knobName(key), options: options.split("|").map((option) => valueName(key, option)).join(t("allowed.or")) });
    })
    .join(", ");
}

/** What `hide=` takes; of the many knobs one stands for all. */
export function hideableWords(knob: string): string {
  return t("allowed.hide", { parts: PART_IDS.join(", "), views: PANEL_IDS.join(", "), groups: GROUP_IDS.join(", "), knob });
}

function allowedOf({ code, key, value, allowed }: EngineError): string | null {
  const knob = key === null ? undefined : findKnob(key);
  switch (code) {
    case "out_of_range":
      return knob === undefined ? allowed : allowedWords(knob.key, knob.kind);
    case "no_effect":
      return needWords(allowed ?? "");
    case "unknown_key":
      return allowed ?? nearest(key ?? "");
    case "bad_parameter":
      if (key !== "hide") return allowed;
      return hideableWords((value ?? "").split(",").map(nearest).find((knob) => knob !== null) ?? EXAMPLE_KNOB);
    case "not_finite":
      return allowed === null ? null : knobName(allowed);
    case "unknown_preset":
      // The engine knows native ones, too.
      return PRESETS.map(({ id }) => id).join(", ");
    default:
      return allowed;
  }
}

/** The text of an error; of one that lies in a file, with the file's name and what to do with the file. */
export function errorText(error: EngineError, file: string | null = null): string {
  const { code, key, value } = error;
  const allowed = allowedOf(error);
  const known = [key === null ? [] : [`${code}.${key}.${value}`, `${code}.${key}`], allowed === null ? [] : [`${code}.allowed`], code].flat();
  const own = known.flatMap((name) => [...(file === null ? [] : [`error.file.${name}`]), `error.${name}`]).find(has);
  const text =
    own === undefined
      ? error.message
      : t(own, { key: key === null ? "" : knobName(key), id: key ?? "", value: value ?? "", allowed: allowed ?? "", message: error.message });
  return file === null ? text : t("error.in_file", { file, text });
}

/** The words of the parser, browser or driver behind an error, for who can use them. */
export function rawText({ code, key, message }: EngineError): string | null {
  const told = code === "conflict" && CONFLICTS.some((known) => known === key);
  return RAW_CODES.includes(code) && !told && message !== "" && message !== code ? message : null;
}

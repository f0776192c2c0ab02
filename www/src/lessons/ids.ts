/** The lessons in their order, one file each in `content/`. Apart from their texts, so that the address can be read without them. */
export const LESSON_IDS = [
  "soft-labels",
  "temperature",
  "t-squared",
  "few-labels",
  "unlabelled",
  "noisy-labels",
  "omitted-class",
  "capacity-gap",
  "kl-direction",
  "hints",
  "hints-and-soft",
  "attention",
  "access",
  "label-smoothing",
  "same-cost",
  "no-gain",
  "text-kl-direction",
  "exposure-bias",
  "on-policy",
  "text-temperature",
  "preference",
] as const;

export type LessonId = (typeof LESSON_IDS)[number];

export function isLessonId(text: string | null): text is LessonId {
  return (LESSON_IDS as readonly (string | null)[]).includes(text);
}

/**
 * Korean particles after a value: `{value}을(를)` in the catalogue becomes 을 or 를 by the sound that the value ends with when it is read aloud.
 * Apart from `fill`, which knows no language.
 */

/** How each pair is written in the catalogue: after a final consonant, after a vowel. */
const PAIRS: Record<string, readonly [string, string]> = {
  "은(는)": ["은", "는"],
  "이(가)": ["이", "가"],
  "을(를)": ["을", "를"],
  "과(와)": ["과", "와"],
  "(으)로": ["으로", "로"],
  "이었(였)": ["이었", "였"],
};

/** A value, what closes it, and one of the pairs. */
export const WITH_PARTICLE = new RegExp(`\\{(\\w+)\\}([’”)\\]]*)(${Object.keys(PAIRS).map((pair) => pair.replace(/[()]/g, "\\$&")).join("|")})`, "g");

/**
 * Browsers break a line between a bracket or a per cent sign and the particle after it, even where words are kept whole. A word joiner, which
 * has no width, holds them together.
 */
export function joined(text: string): string {
  return text.replace(/([)\]%])(?=[가-힣])/g, "$1\u2060");
}

type Ending = "vowel" | "consonant" | "rieul";

const DIGITS: readonly Ending[] = ["consonant", "rieul", "vowel", "consonant", "vowel", "vowel", "consonant", "rieul", "rieul", "vowel"];
const LETTERS: Record<string, Ending> = { l: "rieul", r: "rieul", m: "consonant", n: "consonant" };
/** The first of the syllables and the number of finals, of which the first is none and the ninth ㄹ. */
const [GA, HIH, FINALS, RIEUL] = [0xac00, 0xd7a3, 28, 8];

/** The sound a text ends with; null where nothing in it is read. */
function endingOf(text: string): Ending | null {
  // A remark in brackets is not what the particle follows.
  const read = text.replace(/\s*\([^()]*\)\s*$/, "");
  const last = /[\p{L}\p{Nd}%²](?=[^\p{L}\p{Nd}%²]*$)/u.exec(read)?.[0];
  if (last === undefined) return null;
  const code = last.charCodeAt(0);
  if (code >= GA && code <= HIH) {
    const final = (code - GA) % FINALS;
    return final === 0 ? "vowel" : final === RIEUL ? "rieul" : "consonant";
  }
  if (/\p{Nd}/u.test(last)) return DIGITS[Number(last)] ?? "vowel";
  // 제곱; per cent and Greek letters but ε end with a vowel.
  if (last === "²" || last === "ε") return "consonant";
  // A word is read as a word, with a silent e; capitals are spelled.
  const word = /[A-Za-z]*[a-z]{2}(?=[^A-Za-z]*$)/.exec(read)?.[0];
  if (word === undefined) return LETTERS[last.toLowerCase()] ?? "vowel";
  if (/(l|le)$/.test(word)) return "rieul";
  return /(m|n|ng|me|ne)$/.test(word) ? "consonant" : "vowel";
}

/** The member of a pair that follows `text`; the pair itself where that cannot be told. */
export function particle(text: string, pair: string): string {
  const forms = PAIRS[pair];
  const ending = endingOf(text);
  if (forms === undefined || ending === null) return pair;
  const [closed, open] = forms;
  return ending === "vowel" || (ending === "rieul" && pair === "(으)로") ? open : closed;
}

import { afterEach, describe, expect, it } from "vitest";

import { failure, type EngineError } from "../engine/protocol";
import { locale } from "../i18n/index.svelte";
import { errorText } from "./errors";
import { plain } from "./views/words";

const refusal = (code: string, parts: Partial<EngineError> = {}): EngineError => ({ ...failure(code, "Backtrace: raw text"), fatal: false, ...parts });

afterEach(() => {
  locale.value = "en";
});

describe("errors", () => {
  it("name a limit with all its digits", () => {
    expect(errorText(refusal("out_of_range", { key: "seed", value: "-1" }))).toContain("4,294,967,295");
    expect([plain("4294967295"), plain("0.1234567"), plain("1e-9")]).toEqual(["4,294,967,295", "0.123457", "0.000000001"]);
  });
});

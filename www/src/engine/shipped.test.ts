import { afterEach, describe, expect, it, vi } from "vitest";

import { failure, type Command, type EngineError, type Reply } from "./protocol";
import { sendWithParts } from "./shipped";

const opening: Command = { type: "open", preset: "fashion", version: 1, set: {} };

function refusal(part: string): EngineError {
  return { ...failure("not_brought", part), key: part, fatal: false };
}

/** An engine that opens nothing before it has these parts, and asks for one after the other. */
function engine(...parts: string[]) {
  const seen: string[] = [];
  const has = new Set<string>();
  const send = (command: Command): Promise<Reply[]> => {
    seen.push(command.type === "bring" ? command.part : command.type);
    if (command.type === "bring") has.add(command.part);
    const missing = command.type === "open" ? parts.find((part) => !has.has(part)) : undefined;
    return Promise.resolve(missing === undefined ? [] : [refusal(missing)]);
  };
  return { seen, send };
}

afterEach(() => vi.unstubAllGlobals());

describe("what is shipped beside the engine", () => {
  it("is fetched part by part, once, when a run lacks it", async () => {
    const fetched = vi.fn(() => Promise.resolve(new Response(new Uint8Array(4))));
    vi.stubGlobal("fetch", fetched);
    const one = engine("fashion_images", "fashion_teacher");
    expect(await sendWithParts(one, opening)).toEqual([]);
    expect(await sendWithParts(one, opening)).toEqual([]);
    expect(one.seen).toEqual(["open", "fashion_images", "open", "fashion_teacher", "open", "open"]);
    expect(fetched).toHaveBeenCalledTimes(2);
  });

  it("comes once for all who want it at a time", async () => {
    const fetched = vi.fn(() => Promise.resolve(new Response(new Uint8Array(4))));
    vi.stubGlobal("fetch", fetched);
    const [one, other] = [engine("fashion_images"), engine("fashion_images")];
    expect(await Promise.all([sendWithParts(one, opening), sendWithParts(other, opening)])).toEqual([[], []]);
    expect([one.seen, other.seen]).toEqual(Array(2).fill(["open", "fashion_images", "open"]));
    expect(fetched).toHaveBeenCalledOnce();
  });

  it("is not fetched for a refusal of something else", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new Error("not to be called")));
    const conflict: EngineError = { ...failure("conflict", "no teacher"), key: "teacher.source", fatal: false };
    expect(await sendWithParts({ send: () => Promise.resolve([conflict]) }, opening)).toEqual([conflict]);
  });

  it("is not asked for twice by an engine that goes on refusing", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(new Uint8Array(4))));
    const send = (command: Command): Promise<Reply[]> => Promise.resolve(command.type === "open" ? [refusal("grammar_teacher")] : []);
    expect(await sendWithParts({ send }, opening)).toMatchObject([{ code: "not_brought" }]);
  });

  it("that does not come is told, and the engine lives", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(null, { status: 404 })));
    expect(await sendWithParts(engine("grammar_teacher"), opening)).toMatchObject([{ type: "error", code: "not_fetched", message: "404", fatal: false }]);
  });
});

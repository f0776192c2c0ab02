import { afterEach, describe, expect, it, vi } from "vitest";

import { failure, type Command, type EngineError, type Reply } from "./protocol";
import { sendWithTeacher } from "./teacher";

const refusal: EngineError = { ...failure("conflict", "no teacher"), key: "teacher.source", fatal: false };
const opening: Command = { type: "open", preset: "grammar", version: 1, set: {} };

/** An engine that opens nothing before it has a teacher. */
function engine() {
  const seen: Command["type"][] = [];
  let has = false;
  const send = (command: Command): Promise<Reply[]> => {
    seen.push(command.type);
    if (command.type === "bring_teacher") has = true;
    if (command.type === "open") return Promise.resolve(has ? [] : [refusal]);
    return Promise.resolve(command.type === "set" ? [refusal] : []);
  };
  return { seen, send };
}

afterEach(() => vi.unstubAllGlobals());

describe("the shipped teacher", () => {
  it("is fetched once, when a run lacks it, and the run is opened with it", async () => {
    const fetched = vi.fn(() => Promise.resolve(new Response(new Uint8Array(4))));
    vi.stubGlobal("fetch", fetched);
    const one = engine();
    expect(await sendWithTeacher(one, opening)).toEqual([]);
    expect(await sendWithTeacher(one, opening)).toEqual([]);
    expect(one.seen).toEqual(["open", "bring_teacher", "open", "open"]);
    expect(fetched).toHaveBeenCalledOnce();
  });

  it("is not fetched for a refusal of something else", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new Error("not to be called")));
    const one = engine();
    expect(await sendWithTeacher(one, { type: "set", key: "teacher.source", value: "pretrained" })).toEqual([refusal]);
  });

  it("that does not come is told, and the engine lives", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(null, { status: 404 })));
    expect(await sendWithTeacher(engine(), opening)).toMatchObject([{ type: "error", code: "no_teacher", message: "404", fatal: false }]);
  });
});

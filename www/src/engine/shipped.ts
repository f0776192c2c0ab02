/**
 * What is shipped beside the engine: data and teachers that the first run does not need. A part is fetched when the engine refuses a run for
 * want of it, and then the engine is asked once more. The page fetches, not the Worker, whose queue goes on meanwhile: on a slow network a part
 * takes minutes. The service worker keeps all of them, when the page is up, for visits without a network.
 */
import fashionImages from "../../../src/data/fashion.bin?url";
import fashionTeacher from "../../../src/train/teachers/fashion.safetensors?url";
import grammarTeacher from "../../../src/train/teachers/grammar.safetensors?url";

import type { Part } from "./generated/types";
import { failure, type Command, type EngineError, type Reply } from "./protocol";

interface Sends {
  send(command: Command): Promise<Reply[]>;
}

const PLACES: Record<Part, string> = { fashion_images: fashionImages, fashion_teacher: fashionTeacher, grammar_teacher: grammarTeacher };

function isPart(key: string | null): key is Part {
  return key !== null && key in PLACES;
}

/** The part for want of which the engine refused. */
export function lacked({ code, key }: EngineError): Part | null {
  return code === "not_brought" && isPart(key) ? key : null;
}

/** What is under way: who wants the same part waits for the same bytes. */
const coming = new Map<Part, Promise<Uint8Array>>();

async function download(part: Part): Promise<Uint8Array> {
  const response = await fetch(PLACES[part]);
  if (!response.ok) throw new Error(String(response.status));
  return new Uint8Array(await response.arrayBuffer());
}

function fetched(part: Part): Promise<Uint8Array> {
  const known = coming.get(part);
  if (known !== undefined) return known;
  const bytes = download(part).finally(() => coming.delete(part));
  coming.set(part, bytes);
  return bytes;
}

/** Fetches a part and gives it to an engine. Resolves to what was wrong, or null. */
export async function bring(engine: Sends, part: Part): Promise<EngineError | null> {
  let bytes: Uint8Array;
  try {
    bytes = await fetched(part);
  } catch (thrown) {
    return { ...failure("not_fetched", thrown instanceof Error ? thrown.message : String(thrown)), fatal: false };
  }
  await engine.send({ type: "bring", part, bytes });
  return null;
}

/** Carries out a command, with every shipped part that it lacks, for who has nothing else to do meanwhile. */
export async function sendWithParts(engine: Sends, command: Command): Promise<Reply[]> {
  const brought = new Set<Part>();
  for (;;) {
    const replies = await engine.send(command);
    const refused = replies.find((reply) => reply.type === "error");
    const part = refused === undefined ? null : lacked(refused);
    if (part === null || brought.has(part)) return replies;
    const problem = await bring(engine, part);
    if (problem !== null) return [problem];
    brought.add(part);
  }
}

/**
 * The shipped teacher of text. A decoder is too large to be a part of the engine, and most visits need none: it is fetched when the engine
 * refuses a run for want of it, and then the engine is asked once more.
 */
import url from "../../../src/train/teachers/grammar.safetensors?url";

import { failure, type Command, type Reply } from "./protocol";

interface Sends {
  send(command: Command): Promise<Reply[]>;
}

/** Commands that open a run. */
const OPENS: readonly Command["type"][] = ["open", "open_file", "resume"];

const brought = new WeakSet<Sends>();

function wants(command: Command, replies: readonly Reply[]): boolean {
  return OPENS.includes(command.type) && replies.some((reply) => reply.type === "error" && reply.code === "conflict" && reply.key === "teacher.source");
}

/** Carries out a command, with the shipped teacher if that is what it lacks. */
export async function sendWithTeacher(engine: Sends, command: Command): Promise<Reply[]> {
  const replies = await engine.send(command);
  if (brought.has(engine) || !wants(command, replies)) return replies;
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(String(response.status));
    await engine.send({ type: "bring_teacher", bytes: new Uint8Array(await response.arrayBuffer()) });
  } catch (thrown) {
    return [{ ...failure("no_teacher", thrown instanceof Error ? thrown.message : String(thrown)), fatal: false }];
  }
  brought.add(engine);
  return engine.send(command);
}

/** Messages above the page. They keep keys, not texts, so that they follow the language. */
import type { EngineError } from "../engine/protocol";

type Tone = "good" | "warn" | "bad";

interface Action {
  /** Key of its label. */
  label: string;
  act: () => void;
}

export interface Notice {
  id: number;
  tone: Tone;
  /** Key of a text; an error is worded by its code instead. */
  text: string | null;
  params: Record<string, string | number>;
  error: EngineError | null;
  /** The file in which the error lies. */
  file: string | null;
  actions: Action[];
}

/** A confirmation leaves by itself after a while. */
const GOOD_MS = 4_000;

export class Notices {
  list = $state.raw<Notice[]>([]);
  private next = 0;

  say(tone: Tone, text: string, params: Record<string, string | number> = {}, actions: Action[] = []): void {
    this.add({ tone, text, params, error: null, file: null, actions });
  }

  /** Shows an error, with a sentence about what was done where there is one. */
  fail(error: EngineError, { actions = [], file = null }: { actions?: Action[]; file?: string | null } = {}): void {
    this.add({ tone: error.fatal ? "bad" : "warn", text: null, params: {}, error, file, actions });
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  /** Takes away what concerns a knob that was changed since. */
  settle(key: string): void {
    this.list = this.list.filter((notice) => notice.error?.key !== key || notice.file !== null);
  }

  private add(content: Omit<Notice, "id">): void {
    const notice = { ...content, id: this.next++ };
    // The same message twice is one message.
    const about = (other: Omit<Notice, "id">) => `${other.text} ${other.error?.code} ${other.error?.key} ${other.file}`;
    this.list = [...this.list.filter((old) => about(old) !== about(notice)), notice];
    if (notice.tone === "good" && notice.actions.length === 0) setTimeout(() => this.dismiss(notice.id), GOOD_MS);
  }
}

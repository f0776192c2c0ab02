/** What outlives a reload, in IndexedDB: the last checkpoint and the list of runs. A browser that refuses storage, or has no room, costs only this comfort. */

import type { Phase } from "../engine/protocol";

export interface Saved {
  /** safetensors with the experiment inside. */
  bytes: Uint8Array;
  preset: string;
  phase: Phase;
  step: number;
  steps: number;
  finished: boolean;
  /** Milliseconds since 1970. */
  when: number;
  /** The curves up to here, as plain data. */
  curves: unknown;
  /** Which run of the list it is of; an older page had no list. */
  run?: number;
}

const NAME = "distillery";
/** 1 had checkpoints only. */
const VERSION = 2;
/** The one checkpoint lies in a store of its own, which an older page called so. */
const CHECKPOINTS = "runs";
const PAST = "past";
const KEY = "last";

type Store = typeof CHECKPOINTS | typeof PAST;

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      const { result: database } = request;
      for (const store of [CHECKPOINTS, PAST]) if (!database.objectStoreNames.contains(store)) database.createObjectStore(store);
    };
    let late = false;
    request.onsuccess = () => (late ? request.result.close() : resolve(request.result));
    request.onerror = () => reject(request.error ?? new Error("IndexedDB refused"));
    // An older page in another tab holds the database. It lets go within a moment, but nobody waits for that.
    request.onblocked = () => {
      late = true;
      reject(new Error("IndexedDB is in use by an older page"));
    };
  });
}

async function within<T>(store: Store, mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | null> {
  try {
    const database = await open();
    try {
      return await new Promise<T>((resolve, reject) => {
        const transaction = database.transaction(store, mode);
        const request = act(transaction.objectStore(store));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () => reject(transaction.error ?? new Error("IndexedDB refused"));
      });
    } finally {
      database.close();
    }
  } catch {
    return null;
  }
}

export async function remember(saved: Saved): Promise<void> {
  await within(CHECKPOINTS, "readwrite", (store) => store.put(saved, KEY));
}

export async function recall(): Promise<Saved | null> {
  const found = await within<unknown>(CHECKPOINTS, "readonly", (store) => store.get(KEY));
  return isSaved(found) ? found : null;
}

export async function forget(): Promise<void> {
  await within(CHECKPOINTS, "readwrite", (store) => store.delete(KEY));
}

/** Puts a run of the list under its number. */
export async function keepPast(id: number, run: unknown): Promise<void> {
  await within(PAST, "readwrite", (store) => store.put(run, id));
}

export async function dropPast(id: number): Promise<void> {
  await within(PAST, "readwrite", (store) => store.delete(id));
}

/** Every run that was kept, by number; what lies there may be of another page. */
export async function keptPast(): Promise<unknown[]> {
  return (await within<unknown[]>(PAST, "readonly", (store) => store.getAll())) ?? [];
}

/** What lies there may be of an older page. */
function isSaved(value: unknown): value is Saved {
  return typeof value === "object" && value !== null && "bytes" in value && value.bytes instanceof Uint8Array && "curves" in value && "when" in value;
}

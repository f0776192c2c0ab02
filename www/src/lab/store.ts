/** The last checkpoint in IndexedDB, so that a reload can go on. A browser that refuses storage costs only this comfort. */

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
}

const NAME = "distillery";
const STORE = "runs";
const KEY = "last";

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB refused"));
  });
}

async function within<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | null> {
  try {
    const database = await open();
    try {
      return await new Promise<T>((resolve, reject) => {
        const transaction = database.transaction(STORE, mode);
        const request = act(transaction.objectStore(STORE));
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
  await within("readwrite", (store) => store.put(saved, KEY));
}

export async function recall(): Promise<Saved | null> {
  const found = await within<unknown>("readonly", (store) => store.get(KEY));
  return isSaved(found) ? found : null;
}

export async function forget(): Promise<void> {
  await within("readwrite", (store) => store.delete(KEY));
}

/** What lies there may be of an older page. */
function isSaved(value: unknown): value is Saved {
  return typeof value === "object" && value !== null && "bytes" in value && value.bytes instanceof Uint8Array && "curves" in value && "when" in value;
}

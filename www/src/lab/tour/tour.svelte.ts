/** The tour of a first visit: where it stands, and whether it was seen. */
export const STOPS = ["play", "curves", "panel", "lessons"] as const;

const KEY = "distillery-tour";

function seen(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    // Without storage it would come back at every visit: rather never.
    return true;
  }
}

export class Tour {
  /** The stop that is shown; null when there is none. */
  at = $state<number | null>(null);

  /** `asked` is what the address says; a lesson or a page with hidden parts has its own guide. */
  begin(asked: boolean | null, guided: boolean): void {
    if (asked ?? (!guided && !seen())) this.at = 0;
  }

  show(): void {
    this.at = 0;
  }

  next(): void {
    if (this.at !== null && this.at + 1 < STOPS.length) this.at += 1;
    else this.end();
  }

  end(): void {
    this.at = null;
    try {
      localStorage.setItem(KEY, "seen");
    } catch {
      // Then it is over for this visit.
    }
  }
}

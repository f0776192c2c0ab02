/** The weights of the three networks, read from the engine as training goes. Each is read and prepared in a task of its own. */
import type { Role } from "../../engine/generated/types";
import { ROLES } from "../history";
import { networkOf, type Network } from "./network";
import { respond, type Response } from "./response";
import { readTensors } from "./safetensors";

/** Pictures of weights change slowly: eyes need no more. */
const READ_MS = 500;
/** Reading waits in the engine's queue and takes no more than this share of the time. */
const SHARE = 0.25;

export interface Inside {
  network: Network;
  /** What each unit answers over the plane; null where inputs are images. */
  response: Response | null;
}

/** Where a run stands: values that are other ones when the weights may be. The first is the run itself. */
export type Moment = Record<Role, readonly unknown[]>;

const same = (one: readonly unknown[] | undefined, other: readonly unknown[]): boolean => one !== undefined && one.length === other.length && one.every((value, index) => value === other[index]);

export class Weights {
  networks = $state.raw<Partial<Record<Role, Inside>>>({});
  private moments: Partial<Moment> = {};
  private wanted: { moment: Moment; plane: boolean } | null = null;
  private reading = false;
  private notBefore = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly fetch: (role: Role) => Promise<Uint8Array | null>) {}

  /** Reads what has changed, now or as soon as it may. */
  follow(moment: Moment, plane: boolean): void {
    if (this.moments.alone !== undefined && this.moments.alone[0] !== moment.alone[0]) {
      // Of another run.
      this.moments = {};
      this.networks = {};
      this.notBefore = 0;
    }
    this.wanted = { moment, plane };
    this.schedule();
  }

  /** Reads no more until `follow` is called again. */
  rest(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.wanted = null;
  }

  private schedule(): void {
    if (this.reading || this.timer !== undefined || this.wanted === null) return;
    const { moment } = this.wanted;
    if (ROLES.every((role) => same(this.moments[role], moment[role]))) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.read();
    }, Math.max(0, this.notBefore - performance.now()));
  }

  private async read(): Promise<void> {
    const { wanted } = this;
    if (wanted === null) return;
    this.reading = true;
    const begin = performance.now();
    try {
      for (const role of ROLES) {
        const moment = wanted.moment[role];
        if (same(this.moments[role], moment)) continue;
        const bytes = await this.fetch(role);
        // The engine is away, or another run is open, whose weights these may not be.
        if (bytes === null || this.wanted?.moment[role][0] !== moment[0]) break;
        this.moments = { ...this.moments, [role]: moment };
        const network = networkOf(readTensors(bytes));
        this.networks = { ...this.networks, [role]: { network, response: wanted.plane ? respond(network) : null } };
      }
    } finally {
      const now = performance.now();
      this.notBefore = now + Math.max(READ_MS, (now - begin) / SHARE);
      this.reading = false;
    }
    this.schedule();
  }
}

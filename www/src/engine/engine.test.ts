import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Client, Gone, type WorkerLike } from "./client";
import { FakeWorker, type FakeOptions } from "./fake";
import { failure, type EngineError, type FromWorker, type Wanted } from "./protocol";
import { Pump, nextSteps } from "./pump";
import { Supervisor } from "./supervisor";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const OPEN = { type: "open", preset: "first-light", version: 1, set: {} } as const;

describe("Client", () => {
  const quiet = { loading: () => {}, testing: () => {}, died: () => {}, took: () => {} };

  it("has the Worker hold two commands, and answers in order", async () => {
    const worker = new FakeWorker({ delay: 5 });
    const client = new Client(worker, quiet);
    const all = Promise.all([client.send(OPEN), client.send({ type: "advance", steps: 25 }), client.send({ type: "inspect", index: 3 })]);
    await vi.advanceTimersByTimeAsync(7);
    expect(worker.seen.map(({ type }) => type)).toEqual(["open", "advance"]);
    await vi.runAllTimersAsync();
    const types = (await all).map((replies) => replies.map((reply) => reply.type));
    expect(types).toEqual([["opened"], ["evaluated", "progress"], ["sample"]]);
  });

  it("drops views that are overtaken while they wait", async () => {
    const worker = new FakeWorker({ delay: 5 });
    const client = new Client(worker, quiet);
    void client.send(OPEN);
    void client.send({ type: "advance", steps: 1 });
    const views = [1, 2, 3].map((index) => client.send({ type: "inspect", index }, "inspect"));
    await vi.runAllTimersAsync();
    expect((await Promise.all(views)).map((replies) => replies.length)).toEqual([0, 0, 1]);
    expect(worker.seen.at(-1)).toEqual({ type: "inspect", index: 3 });
    expect(worker.seen).toHaveLength(3);
  });

  it("rejects everything that waits when the Worker dies, and ends it", async () => {
    const died: EngineError[] = [];
    const worker = new FakeWorker({ delay: 5 });
    const client = new Client(worker, { ...quiet, died: (error) => died.push(error) });
    client.poke({ type: "crash" });
    const sent = [client.send(OPEN), client.send({ type: "save" })].map((one) => one.catch((thrown: unknown) => thrown));
    await vi.runAllTimersAsync();
    for (const outcome of await Promise.all(sent)) expect(outcome).toBeInstanceOf(Gone);
    expect(died.map(({ code }) => code)).toEqual(["crashed"]);
    expect(worker.ended).toBe(true);
    await expect(client.send(OPEN)).rejects.toBeInstanceOf(Gone);
  });

  it("takes a fatal reply for a death", async () => {
    const died: EngineError[] = [];
    const worker = new FakeWorker();
    const client = new Client(worker, { ...quiet, died: (error) => died.push(error) });
    const sent = client.send(OPEN).catch((thrown: unknown) => thrown);
    worker.onmessage?.({ data: { type: "replies", id: 0, replies: [failure("shader_failed", "no")], ms: 1 } } as MessageEvent);
    expect(await sent).toBeInstanceOf(Gone);
    expect(died).toHaveLength(1);
  });
});

/** A supervisor over fake Workers, and a diary of what its hooks were told. */
function supervise(wanted: Wanted, gpu: FakeOptions["gpu"] = "works") {
  const workers: FakeWorker[] = [];
  const diary: string[] = [];
  const supervisor = new Supervisor(
    () => {
      const worker = new FakeWorker({ gpu });
      workers.push(worker);
      return worker;
    },
    {
      loading: () => {},
      testing: () => {},
      took: () => {},
      died: (error) => diary.push(`died ${error.code}`),
      up: (started, reason) => diary.push(`up ${started.backend} ${reason}`),
      down: (error) => diary.push(`down ${error.code}`),
    },
    wanted,
  );
  void supervisor.start();
  return { supervisor, workers, diary };
}

describe("Supervisor", () => {
  it.each([
    ["auto", "works", "up webgpu null"],
    ["webgpu", "works", "up webgpu null"],
    ["cpu", "works", "up cpu asked"],
    ["auto", "no_adapter", "up cpu no_adapter"],
    ["auto", "inexact", "up cpu self_test"],
    ["webgpu", "inexact", "up cpu self_test"],
    ["auto", "dies", "up cpu failed"],
  ] as const)("wanting %s where WebGPU is %s: %s", async (wanted, gpu, outcome) => {
    const { diary, workers } = supervise(wanted, gpu);
    await vi.runAllTimersAsync();
    expect(diary).toEqual([outcome]);
    expect(workers.filter((worker) => !worker.ended)).toHaveLength(1);
  });

  it("starts again after a death, and leaves WebGPU after two", async () => {
    const { supervisor, diary } = supervise("auto");
    await vi.runAllTimersAsync();
    for (let round = 0; round < 2; round += 1) {
      await Promise.all([supervisor.send(OPEN), supervisor.send({ type: "advance", steps: 1 }), vi.runAllTimersAsync()]);
      supervisor.poke({ type: "lose_device" });
      await vi.runAllTimersAsync();
    }
    expect(diary).toEqual(["up webgpu null", "died device_lost", "up webgpu null", "died device_lost", "up cpu failed_twice"]);
  });

  it("gives up after three deaths without a step, until it is asked again", async () => {
    const { supervisor, diary } = supervise("cpu");
    await vi.runAllTimersAsync();
    for (let round = 0; round < 3; round += 1) {
      supervisor.poke({ type: "crash" });
      await vi.runAllTimersAsync();
    }
    expect(diary.at(-1)).toBe("down crashed");
    await expect(supervisor.send(OPEN)).rejects.toBeInstanceOf(Gone);
    void supervisor.retry();
    await vi.runAllTimersAsync();
    expect(diary.at(-1)).toBe("up cpu asked");
  });
});

/** A start on WebGPU from which the messages come so many milliseconds later, and a diary with the seconds. The CPU is there at once. */
function starting(wanted: Wanted, due: readonly [number, FromWorker][]) {
  const diary: string[] = [];
  const spawned: Wanted[] = [];
  const since = performance.now();
  const note = (what: string): number => diary.push(`${what} ${Math.round((performance.now() - since) / 1000)} s`);
  const spawn = (): WorkerLike => {
    let timers: ReturnType<typeof setTimeout>[] = [];
    const worker: WorkerLike = {
      onmessage: null,
      onerror: null,
      terminate: () => timers.forEach(clearTimeout),
      postMessage: (message) => {
        if (message.type !== "start") return;
        spawned.push(message.wanted);
        if (message.wanted === "cpu") return worker.onmessage?.({ data: { type: "started", started: { backend: "cpu", adapter: "CPU", selfTest: null } } } as MessageEvent<FromWorker>);
        timers = due.map(([ms, data]) => setTimeout(() => worker.onmessage?.({ data } as MessageEvent<FromWorker>), ms));
      },
    };
    return worker;
  };
  const supervisor = new Supervisor(
    spawn,
    {
      loading: () => {},
      testing: () => {},
      took: () => {},
      died: (error) => note(`died ${error.code}`),
      up: (started, reason) => note(`up ${started.backend} ${reason}`),
      down: (error) => note(`down ${error.code}`),
    },
    wanted,
  );
  void supervisor.start();
  return { diary, spawned };
}

describe("the limit of a start on WebGPU", () => {
  /** A download from second `from` to second `to`, with news of it every second. */
  const download = (from: number, to: number): [number, FromWorker][] => Array.from({ length: to - from + 1 }, (_, at) => [1000 * (from + at), { type: "loading", share: at / (to - from) }]);
  const up: FromWorker = { type: "started", started: { backend: "webgpu", adapter: "", selfTest: { worst: 0, limit: 1, passed: true, milliseconds: 1 } } };
  const HOUR = 3_600_000;

  it("is none for the download of the engine", async () => {
    const { diary, spawned } = starting("auto", [...download(1, 300), [350_000, up]]);
    await vi.advanceTimersByTimeAsync(HOUR);
    expect([diary, spawned]).toEqual([["up webgpu null 350 s"], ["auto"]]);
  });

  it("is none for a download that stands still, as it would for the CPU", async () => {
    const { diary, spawned } = starting("auto", [...download(1, 100).slice(0, 50), [400_000, { type: "loading", share: 0.7 }], [500_000, { type: "loading", share: 1 }], [510_000, up]]);
    await vi.advanceTimersByTimeAsync(HOUR);
    expect([diary, spawned]).toEqual([["up webgpu null 510 s"], ["auto"]]);
  });

  it.each([
    ["that finds no adapter", [], 90],
    ["that makes no device, once the download is whole", download(1, 100), 190],
    ["that never tells its share to the end, from the self-test on", [...download(1, 100).slice(0, 50), [120_000, { type: "testing" }]], 210],
    ["that ends no self-test: one limit for all of it", [...download(1, 100), [140_000, { type: "loading", share: 1 }], [150_000, { type: "testing" }]], 190],
  ] as [string, [number, FromWorker][], number][])("ends one %s", async (_, due, seconds) => {
    const { diary, spawned } = starting("auto", due);
    await vi.advanceTimersByTimeAsync(HOUR);
    expect([diary, spawned]).toEqual([[`up cpu too_slow ${seconds} s`], ["auto", "cpu"]]);
  });
});

describe("Pump", () => {
  it("finds the number of steps that takes about 100 ms", () => {
    let steps = 10;
    for (let call = 0; call < 20; call += 1) steps = nextSteps(steps, steps * 0.5);
    expect(steps).toBe(200);
    expect(nextSteps(10, 60_000)).toBe(5);
    expect(nextSteps(1, 60_000)).toBe(1);
    expect(nextSteps(5000, 0)).toBe(5000);
  });

  it("keeps two calls under way until told to stop, and no more when it is called again", async () => {
    let calls = 0;
    let under = 0;
    let most = 0;
    const pump = new Pump(async () => {
      most = Math.max(most, ++under);
      await Promise.resolve();
      under -= 1;
      return ++calls < 5;
    });
    await Promise.all([pump.run(), pump.run()]);
    expect([calls, most]).toEqual([6, 2]);
    await pump.run();
    expect([calls, most]).toEqual([8, 2]);
  });

  it("keeps a pace, and takes up another one with the next call", async () => {
    let pace = 5;
    let made = 0;
    let going = true;
    const pump = new Pump(
      async (steps) => {
        made += going ? steps : 0;
        return Promise.resolve(going);
      },
      () => pace,
    );
    const run = pump.run();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(made).toBeGreaterThanOrEqual(50);
    expect(made).toBeLessThanOrEqual(52);
    pace = 100;
    made = 0;
    await vi.advanceTimersByTimeAsync(10_000);
    // The two calls that wait for their turn still have the old pace.
    expect(made).toBeGreaterThan(940);
    expect(made).toBeLessThanOrEqual(1010);
    going = false;
    await vi.runAllTimersAsync();
    await run;
  });

  it("learns from whole calls only", async () => {
    const asked: number[] = [];
    const pump = new Pump(async (steps) => asked.push(steps) < 0);
    await pump.run();
    pump.took(1, 0.1);
    pump.took(10, 50);
    await pump.run();
    expect(asked).toEqual([10, 10, 20, 20]);
  });
});

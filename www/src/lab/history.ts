// The curves of one run. Everything the charts, their tables and the CSV show comes from here, and it must stay small however long a run
// is: the tables thin themselves, so that a run of a million steps costs the page no more than one of ten thousand.

import type { Evaluation, Event, Phase, Role, Summary, TextMeasures } from "../engine/generated/types";

export type Value = number | null;
export type Metric = "training" | "accuracy" | "loss" | "agreement" | "ece" | TextMetric;
/** Measures that only a run over text has. */
export const TEXT_METRICS = ["validity", "unseen", "coverage", "yes_no_ece", "forward_kl", "reverse_kl", "length", "distinct_2", "rouge_l", "win_rate", "preferred", "own_share", "excess", "similarity", "cosine", "macro_f1"] as const;
type TextMetric = (typeof TEXT_METRICS)[number];

export const ROLES: readonly Role[] = ["teacher", "alone", "distilled"];
export const STUDENTS: readonly Role[] = ["alone", "distilled"];

/** The teacher is what these compare with. */
const AGAINST_TEACHER: readonly Metric[] = ["agreement", "forward_kl", "reverse_kl", "excess", "similarity", "cosine"];

/** Who has such a measure. */
export function rolesOf(metric: Metric): readonly Role[] {
  if (metric === "own_share") return ["distilled"];
  return AGAINST_TEACHER.includes(metric) ? STUDENTS : ROLES;
}

/** Points that a table keeps before it drops every second one. */
export const MAX_POINTS = 10_000;

/**
 * Some rows of a table: every one, or every second, fourth, … and the newest. A stride that doubles keeps the same rows while the table grows,
 * so that a noisy line does not flicker.
 */
export function spaced(length: number, most: number): number[] {
  let stride = 1;
  while (length / stride > most) stride *= 2;
  const rows: number[] = [];
  for (let row = 0; row < length; row += stride) rows.push(row);
  if (length > 0 && rows.at(-1) !== length - 1) rows.push(length - 1);
  return rows;
}

/** A live knob that was turned. */
interface Mark {
  x: number;
  key: string;
  value: string;
}

/** Columns over one x axis, aligned as uPlot wants them. */
export class Table {
  x: number[] = [];
  columns: Record<string, Value[]> = {};
  /** Rows that one kept row stands for. */
  private stride = 1;
  /** Rows since the last kept one. When it is not 0, the newest row is there on sight only. */
  private since = 0;

  constructor(names: readonly string[]) {
    for (const name of names) this.columns[name] = [];
  }

  /**
   * Adds a row. Past `MAX_POINTS` only every second, then fourth, … row stays; the newest row is always there.
   * A row at an earlier step means that the run was resumed there: what came after is dropped. Returns whether that happened.
   */
  add(x: number, row: Partial<Record<string, Value>>): boolean {
    const rewound = this.x.length > 0 && x <= this.x[this.x.length - 1]!;
    if (rewound) this.truncate(this.x.findIndex((old) => old >= x));
    else if (this.since > 0) this.truncate(this.x.length - 1);
    this.since = rewound ? 0 : (this.since + 1) % this.stride;
    this.x.push(x);
    for (const [name, column] of Object.entries(this.columns)) column.push(row[name] ?? null);
    if (this.x.length > MAX_POINTS) this.halve();
    return rewound;
  }

  /** Columns that are wanted only now are empty up to here. */
  widen(names: readonly string[]): void {
    for (const name of names) this.columns[name] ??= this.x.map(() => null);
  }

  /** A copy of some `most` rows, to be shown and not to be added to. */
  thinned(most: number): Table {
    const rows = spaced(this.x.length, most);
    const copy = new Table([]);
    copy.x = rows.map((row) => this.x[row]!);
    for (const [name, column] of Object.entries(this.columns)) copy.columns[name] = rows.map((row) => column[row] ?? null);
    return copy;
  }

  private truncate(length: number): void {
    this.x.length = length;
    for (const column of Object.values(this.columns)) column.length = length;
  }

  private halve(): void {
    const last = this.x.length - 1;
    const keep = <T>(values: T[]): T[] => values.filter((_, index) => index % 2 === 0 || index === last);
    this.x = keep(this.x);
    for (const [name, column] of Object.entries(this.columns)) this.columns[name] = keep(column);
    this.stride *= 2;
    this.since = 0;
  }
}

const column = (metric: Metric, role: Role): string => `${role}_${metric}`;

/** What one run has shown so far. The teacher's own phase lies at negative steps, so that the students start at 0. */
export class RunHistory {
  summary: Summary | null = null;
  phase: Phase = "students";
  /** Steps made in this phase. */
  step = 0;
  marks: Mark[] = [];
  /** The visitor had a hand in it beyond the knobs: weights from a file, steps of one side alone. */
  handled = false;
  /** Losses on the training batches. */
  readonly trained = new Table([
    ...ROLES.map((role) => column("training", role)),
    "distilled_hard",
    "distilled_soft",
    "distilled_hint",
    "distilled_attention",
    "learning_rate",
  ]);
  /** Measures on the test rows. */
  readonly tested = new Table([
    ...ROLES.flatMap((role) => [column("accuracy", role), column("loss", role), column("ece", role)]),
    ...STUDENTS.flatMap((role) => [column("agreement", role), `${role}_omitted_recall`, `${role}_omitted_recall_shifted`]),
  ]);
  private latest: Partial<Record<Role, Evaluation>> = {};

  get teacherSteps(): number {
    return this.summary?.teacher_steps ?? 0;
  }

  get studentSteps(): number {
    return this.summary?.student_steps ?? 0;
  }

  /** The last evaluation of each network. */
  get networks(): Evaluation[] {
    return ROLES.flatMap((role) => this.latest[role] ?? []);
  }

  /** The newest x of any curve. */
  get end(): number {
    return Math.max(this.trained.x.at(-1) ?? 0 - this.teacherSteps, this.tested.x.at(-1) ?? 0 - this.teacherSteps);
  }

  /** x axis and one column per role, sharing the arrays of this history. */
  series(metric: Metric): { x: number[]; y: Record<Role, Value[]> } {
    const table = metric === "training" ? this.trained : this.tested;
    const of = (role: Role): Value[] => table.columns[column(metric, role)] ?? table.x.map(() => null);
    return { x: table.x, y: { teacher: of("teacher"), alone: of("alone"), distilled: of("distilled") } };
  }

  push(event: Event): void {
    switch (event.type) {
      case "opened":
        this.summary = event.summary;
        this.phase = event.summary.teacher_steps > 0 ? "teacher" : "students";
        this.step = 0;
        break;
      case "changed":
        this.summary = event.summary;
        this.mark({ x: this.at(this.phase, event.step), key: event.key, value: event.value });
        break;
      case "progress":
        this.phase = event.phase;
        this.step = event.step;
        this.train(event);
        break;
      case "evaluated":
        this.phase = event.phase;
        this.step = event.step;
        this.test(event);
        break;
      case "finished":
        this.phase = "finished";
        break;
      case "sample":
      case "plane":
      case "studied":
      case "calibrated":
      case "opinion":
      case "dissected":
      case "cohort":
      case "modes":
      case "read":
        break;
    }
  }

  /**
   * All measures and marks, one row per step at which anything was measured. Other runs follow under their names, with the columns in which
   * they have anything.
   */
  csv(others: readonly { name: string; history: RunHistory }[] = []): string {
    const runs = [columnsOf(this), ...others.map(({ name, history }) => columnsOf(history).filter(({ cells }) => cells.size > 0).map((column) => ({ ...column, name: `${name}: ${column.name}` })))].flat();
    const xs = [...new Set([this, ...others.map(({ history }) => history)].flatMap(({ trained, tested, marks }) => [...trained.x, ...tested.x, ...marks.map(({ x }) => x)]))].sort((a, b) => a - b);
    const header = ["step", ...runs.map(({ name }) => quote(name))];
    const lines = xs.map((x) => [String(x), ...runs.map(({ cells }) => quote(cells.get(x) ?? ""))].join(","));
    return [header.join(","), ...lines, ""].join("\n");
  }

  private at(phase: Phase, step: number): number {
    return phase === "teacher" ? step - this.teacherSteps : step;
  }

  private train(event: Extract<Event, { type: "progress" }>): void {
    const row: Record<string, Value> = { learning_rate: event.lr };
    for (const loss of event.losses) {
      row[column("training", loss.role)] = loss.total;
      if (loss.role === "distilled") {
        row.distilled_hard = loss.hard;
        row.distilled_soft = loss.soft;
        row.distilled_hint = loss.hint;
        row.distilled_attention = loss.attention;
      }
    }
    this.add(this.trained, this.at(event.phase, event.step), row);
  }

  private test(event: Extract<Event, { type: "evaluated" }>): void {
    // A frozen teacher answers once: its last answer holds until it changes.
    for (const network of event.networks) this.latest[network.role] = network;
    const x = this.at(event.phase, event.step);
    const row: Record<string, Value> = {};
    for (const network of this.networks) {
      // The students wait at their initial weights while the teacher trains: that is no curve.
      if (network.role !== "teacher" && x < 0) continue;
      row[column("accuracy", network.role)] = network.accuracy;
      row[column("loss", network.role)] = network.loss;
      row[column("ece", network.role)] = network.ece ?? null;
      row[column("agreement", network.role)] = network.agreement;
      row[`${network.role}_omitted_recall`] = network.omitted?.recall ?? null;
      row[`${network.role}_omitted_recall_shifted`] = network.omitted?.shifted_recall ?? null;
      if (network.text === undefined && network.encoder === undefined) continue;
      this.tested.widen(ROLES.flatMap((role) => TEXT_METRICS.map((metric) => column(metric, role))));
      for (const metric of TEXT_METRICS) row[column(metric, network.role)] = textMeasure(network, metric);
    }
    this.add(this.tested, x, row);
  }

  private add(table: Table, x: number, row: Record<string, Value>): void {
    if (table.add(x, row)) this.marks = this.marks.filter((mark) => mark.x <= x);
  }

  /** A slider that is dragged sends many values at one step: the last one counts. */
  private mark(mark: Mark): void {
    this.marks = [...this.marks.filter((old) => old.x !== mark.x || old.key !== mark.key), mark];
  }
}

/** The token up to which the error that piles up is read as one number: the ninth in files of a time when they did not say it. */
export const excessAt = ({ excess_at }: TextMeasures): number => excess_at ?? 9;

/** A measure of text as one number: of the error that piles up, what it comes to at a length that is the data's and the same in all runs. */
export function textMeasure({ text, encoder }: Evaluation, metric: TextMetric): Value {
  if (metric === "excess") {
    const percent = text?.excess[excessAt(text) - 1];
    return percent == null ? null : percent / 100;
  }
  const known: Partial<Record<TextMetric, Value>> = { ...text, excess: null, ...encoder };
  return known[metric] ?? null;
}

/** The columns of a run for a file: what is written at which step. */
function columnsOf({ trained, tested, marks }: RunHistory): { name: string; cells: Map<number, string> }[] {
  const changed = new Map<number, string>();
  for (const { x, key, value } of marks) changed.set(x, [...(changed.has(x) ? [changed.get(x)!] : []), `${key}=${value}`].join("; "));
  const measured = [trained, tested].flatMap((table) =>
    Object.entries(table.columns).map(([name, values]) => ({ name, cells: new Map(table.x.flatMap((x, row) => (values[row] == null ? [] : [[x, String(values[row])] as const]))) })),
  );
  return [{ name: "changed", cells: changed }, ...measured];
}

function quote(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

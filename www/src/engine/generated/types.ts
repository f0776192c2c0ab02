// Generated from the Rust types by src/web/generate.rs. Do not edit.

export type Role = "teacher" | "alone" | "distilled";

export type Phase = "teacher" | "students" | "finished";

export type Layers = string | { blocks: number, width: number, heads: number, };

export type NetworkSize = { role: Role, parameters: number, 
/**
 * Bytes of the f32 parameters.
 */
bytes: number, 
/**
 * Parameters of adapters, where they alone learn. They are not in `parameters`: at the end they are merged into them.
 */
adapters?: number, layers: Layers, };

export type BitsPerExample = { 
/**
 * The answer.
 */
labels: number, 
/**
 * The `distill.top_k` likeliest classes with their logits.
 */
top_k: number, 
/**
 * All logits.
 */
logits: number, 
/**
 * All logits, the values of the last hidden layer and those of the attention maps.
 */
hidden: number, };

export type Summary = { preset: string, 
/**
 * Every knob with its value, as text.
 */
values: { [key in string]: string }, 
/**
 * The knobs that differ from the preset, as text: what a link has to carry.
 */
differs: { [key in string]: string }, 
/**
 * The experiment file.
 */
json: string, 
/**
 * The native command that repeats it.
 */
command: string, networks: Array<NetworkSize>, classes: Array<string>, 
/**
 * `[channels, height, width]`, or `[2]` for the plane.
 */
input: Array<number>, train_rows: number, 
/**
 * Rows with a hard label for the students.
 */
labelled_rows: number, test_rows: number, 
/**
 * Rows held out of what the students have, to choose by.
 */
validation_rows: number, 
/**
 * Steps of the teacher's phase; 0 when there is none.
 */
teacher_steps: number, student_steps: number, bits_per_example: BitsPerExample, };

export type LossParts = { role: Role, total: number, 
/**
 * Cross-entropy with the labels, before its weight; `None` in a step that looks at none.
 */
hard: number | null, 
/**
 * Divergence from the teacher, before `T²` and its weight; `None` where there is none.
 */
soft: number | null, hint: number | null, attention: number | null, };

export type OmittedClass = { class: number, 
/**
 * Share of its test rows that are recognised.
 */
recall: number, 
/**
 * The same after its bias is raised by `shift`.
 */
shifted_recall: number, 
/**
 * Accuracy on all test rows after the shift.
 */
shifted_accuracy: number, 
/**
 * The shift that gives the best accuracy on the test rows, as in the paper.
 */
shift: number, };

export type Validation = { accuracy: number, loss: number, 
/**
 * Where texts are written and have references.
 */
rouge_l?: number, };

export type Evaluation = { role: Role, 
/**
 * Steps this network has trained.
 */
step: number, accuracy: number, 
/**
 * Mean cross-entropy.
 */
loss: number, 
/**
 * Expected calibration error, 15 bins; `None` where nothing is foretold (embeddings of sentences).
 */
ece?: number, 
/**
 * Share of test rows on which it says what the teacher says; `None` for the teacher.
 */
agreement: number | null, 
/**
 * Present when a class is omitted.
 */
omitted: OmittedClass | null, 
/**
 * Present in a run over text.
 */
text?: TextMeasures, 
/**
 * Present in a run of encoders.
 */
encoder?: EncoderMeasures, 
/**
 * Of a student, where a part of the data is held out for validation.
 */
validation?: Validation, };

export type TextMeasures = { 
/**
 * Probability of all right answers together (grammar), or the share of right answers (arithmetic): the rest is void.
 */
validity: number | null, 
/**
 * As `validity`, of the prompts that no example of the students asks (grammar, `text.omit_prompts`).
 */
unseen?: number, 
/**
 * Share of the templates of a prompt that eight samples are expected to show (grammar).
 */
coverage: number | null, 
/**
 * Expected calibration error on the questions to be answered by yes or no (grammar), 10 bins: confidence is the likelier word's share of
 * what both words have.
 */
yes_no_ece: number | null, 
/**
 * KL(teacher‖this), nats per token of the references; `None` for the teacher.
 */
forward_kl: number | null, 
/**
 * KL(this‖teacher).
 */
reverse_kl: number | null, 
/**
 * Tokens of a written response, the stop token not counted.
 */
length: number, 
/**
 * Share of the pairs of neighbouring tokens in sampled responses that are different ones (distinct-2); where one answer is right, in those
 * that are sampled at temperature 1.
 */
distinct_2: number, 
/**
 * Mean ROUGE-L of the written responses against the references, 0..1, where there is a right answer (arithmetic, jsonl). `accuracy` is
 * their exact match.
 */
rouge_l?: number, 
/**
 * Whether an answer can be good in other words than the reference's (jsonl, unless all references are one word or close with `#### answer`):
 * ROUGE-L then says which student is better, not exact match.
 */
open?: boolean, 
/**
 * How often its sample beats that of the student alone, after the same prompt and with the same luck, by the true probability of the
 * answer (0 for void; ties count half, so that the student alone has 0.5) (grammar).
 */
win_rate?: number, 
/**
 * How often it prefers the teacher's text to its own after the same prompt, by `log q − log p`, per token where lengths count: the share of
 * pairs whose reward margin is above 0 (DPKD, students).
 */
preferred?: number, 
/**
 * How likely its next steps are to learn from its own texts (DistiLLM's φ, after this evaluation was heard).
 */
own_share?: number, 
/**
 * Excess accumulated error up to each token, in percent (exposure bias), along texts that both networks sampled at temperature 1; empty for
 * the teacher.
 */
excess: Array<number>, 
/**
 * Up to which token that is read as one number: the mean length of the data's responses, their stop token counted. It is the same in every
 * run on the data, where the last token that any text reaches is another in each and rests on a text or two. A record that does not say it
 * is of a time when it was 9 for all data.
 */
excess_at?: number, };

export type EncoderMeasures = { 
/**
 * KL(teacher‖this), nats per masked token, or per text whose label is named.
 */
forward_kl: number | null, 
/**
 * Mean cosine between its embedding of a text and the teacher's, where they are of one width.
 */
cosine: number | null, 
/**
 * Spearman's correlation of its similarities of all pairs of test texts with the teacher's.
 */
similarity: number | null, 
/**
 * Share of test texts whose nearest other text is the teacher's.
 */
neighbours: number | null, 
/**
 * Mean over the classes of F1, the harmonic mean of precision and recall; where labels are named.
 */
macro_f1?: number, };

export type SampleView = { role: Role, logits: Array<number>, 
/**
 * softmax(logits / T).
 */
probabilities: Array<number>, 
/**
 * Entropy of `probabilities`, nats.
 */
entropy: number, 
/**
 * KL(teacher‖this) at T, nats.
 */
kl: number, };

export type Confusion = { 
/**
 * The true class.
 */
label: number, 
/**
 * What the network says.
 */
said: number, rows: number, };

export type Bin = { 
/**
 * Mean probability of the answers.
 */
confidence: number, 
/**
 * Share of them that are right.
 */
accuracy: number, 
/**
 * How many they are: test rows, masks, or tokens of the test texts, each counted by the weight of its text.
 */
rows: number, };

export type Seen = { 
/**
 * `[classes, classes]`, row by row: its mean soft label for each true class as the students have to take it.
 */
similarity: Array<number>, 
/**
 * `[classes, classes]`, row by row: share of the rows of each true class in which the class of the column is told.
 */
told: Array<number>, };

export type Study = { role: Role, 
/**
 * `[classes, classes]`, row by row: its mean soft label for each true class, at T.
 */
similarity: Array<number>, 
/**
 * Of the teacher, where the students do not see all of its answers.
 */
seen: Seen | null, 
/**
 * How alike the teacher's it is off the diagonal, 0 to 1; `None` for the teacher.
 */
likeness: number | null, 
/**
 * Mean entropy of its soft labels at T, nats.
 */
entropy: number, confusions: Array<Confusion>, };

export type Calibration = { role: Role, 
/**
 * Its reliability diagram, at T = 1.
 */
bins: Array<Bin>, 
/**
 * Expected calibration error.
 */
ece: number, };

export type Dispute = { index: number, label: number, 
/**
 * What each network says.
 */
teacher: number, alone: number, distilled: number, 
/**
 * Total variation between the two students at T = 1.
 */
distance: number, };

export type Pull = { 
/**
 * The tensor, such as `dense.0.weight`; empty for the whole network.
 */
name: string, 
/**
 * Norm of the gradient of the hard-label half.
 */
hard: number, 
/**
 * Norm of the gradient of the soft half.
 */
soft: number, 
/**
 * Norm of what hints and attention transfer add.
 */
features: number, 
/**
 * Norm of the gradient of the whole loss.
 */
total: number, 
/**
 * Cosine between the hard and the soft half; 0 when one of them is 0.
 */
cosine: number, 
/**
 * Norm of the values.
 */
weights: number, 
/**
 * Norm of the change that the optimiser will make.
 */
update: number, };

export type Followed = { 
/**
 * The input, `[features]`.
 */
input: Array<number>, 
/**
 * The label that the student is given, if any; it may be a noisy one.
 */
label: number | null, 
/**
 * The teacher and the distilled student, before the step.
 */
views: Array<SampleView>, };

export type WrittenToken = { text: string, probability: number, 
/**
 * Probability of the likeliest token here.
 */
confidence: number, 
/**
 * The likeliest other tokens with their probabilities.
 */
others: Array<[string, number]>, };

export type Writing = { role: Role, 
/**
 * With the stop token, if it came to one.
 */
tokens: Array<WrittenToken>, 
/**
 * Whether it is a right answer; `None` where there is none.
 */
right: boolean | null, 
/**
 * Probability that it gives to what is no right answer; `None` where they are not all known.
 */
void: number | null, };

export type KnownAnswer = { text: string, truth: number, teacher: number, alone: number, distilled: number, };

export type Divergence = "forward_kl" | "reverse_kl" | "jsd_gkd" | "jsd_continuous" | "skew_forward" | "skew_reverse" | "total_variation" | "logit_mse" | "dkd";

export type ModesSpec = { 
/**
 * Weight of the left mode, 0 to 1.
 */
left: number, 
/**
 * Distance between the modes in standard deviations of one, 0 to 12.
 */
separation: number, 
/**
 * Mean of every student at the start, −8 to 8.
 */
start: number, 
/**
 * Standard deviation of every student at the start, 0.2 to 6.
 */
width: number, 
/**
 * β of the Jensen–Shannon divergence, 0.01 to 0.99.
 */
beta: number, 
/**
 * λ of the skewed KLs, 0 to 0.9.
 */
skew: number, };

export type ModeFit = { divergence: Divergence, mean: number, deviation: number, 
/**
 * Its own divergence from the target.
 */
loss: number, 
/**
 * Probability of each cell of the grid.
 */
mass: Array<number>, 
/**
 * Shares of its mass around the left mode, in the void between, and around the right mode.
 */
regions: [number, number, number], };

export type Surface = { role: Role, 
/**
 * Class of each grid cell, row by row from the top (y = +extent) left.
 */
classes: Array<number>, 
/**
 * Its probability at T = 1, 0 to 255.
 */
confidence: Array<number>, };

export type Point = { x: number, y: number, class: number, 
/**
 * The students have its label.
 */
labelled: boolean, };

export type Outcome = { teacher: number, alone: number, distilled: number, 
/**
 * Accuracy of distilled − alone, as a share of 1.
 */
gap: number, 
/**
 * Test rows, texts or written answers that accuracy is counted on.
 */
test_rows: number, labelled_rows: number, 
/**
 * Teacher's parameters / student's.
 */
compression: number, };

export type CohortStudent = { outcome: Outcome, 
/**
 * On the test rows.
 */
networks: Array<Evaluation>, 
/**
 * Whether its numbers are finite. Where they are not they say nothing, and the other students know nothing of it.
 */
finite: boolean, };

export type Early = { 
/**
 * The step at which it ended.
 */
step: number, 
/**
 * The step of the best distilled student.
 */
best_step: number, 
/**
 * Evaluations since then, none of them better.
 */
evaluations: number, };

export type Flops = { 
/**
 * The teacher's training in this run; 0 where it came trained.
 */
teacher: number, 
/**
 * The student alone's training.
 */
alone: number, 
/**
 * The distilled student's, and what the teacher did for it.
 */
distilled: number, 
/**
 * Of that the teacher's part: what it read and wrote.
 */
asked: number, 
/**
 * What it takes the teacher to read every example of the students once: its part where its answers are kept.
 */
once: number, 
/**
 * A forward pass of the teacher and of a student: of decoders for one token of a text, else for one example.
 */
pass: [number, number], };

export type Event = { "type": "opened", summary: Summary, } | { "type": "progress", phase: Phase, 
/**
 * Steps made in this phase.
 */
step: number, 
/**
 * Steps of this phase in all.
 */
steps: number, lr: number, losses: Array<LossParts>, 
/**
 * Steps per second since the last reading, measured through the readback.
 */
steps_per_second: number, } | { "type": "evaluated", phase: Phase, step: number, networks: Array<Evaluation>, } | { "type": "changed", step: number, key: string, value: string, summary: Summary, } | { "type": "sample", index: number, label: number, 
/**
 * Values 0 to 1, row by row.
 */
input: Array<number>, temperature: number, views: Array<SampleView>, } | { "type": "opinion", step: number, temperature: number, views: Array<SampleView>, } | { "type": "studied", step: number, temperature: number, networks: Array<Study>, 
/**
 * The rows on which the students disagree most, most disputed first.
 */
disputed: Array<Dispute>, } | { "type": "calibrated", step: number, networks: Array<Calibration>, } | { "type": "dissected", 
/**
 * Steps made so far.
 */
step: number, 
/**
 * Rows of the batch.
 */
rows: number, 
/**
 * The one that is followed.
 */
row: number, temperature: number, alpha: number, 
/**
 * T², or 1 without it.
 */
scale: number, lr: number, losses: LossParts, followed: Followed, whole: Pull, tensors: Array<Pull>, } | { "type": "cohort", phase: Phase, 
/**
 * Steps made in this phase, and how many it has in all.
 */
step: number, steps: number, 
/**
 * Student by student, when they were tested.
 */
students: Array<CohortStudent>, } | { "type": "modes", step: number, spec: ModesSpec, 
/**
 * Middle of each cell.
 */
grid: Array<number>, 
/**
 * The target's probability of each cell.
 */
target: Array<number>, 
/**
 * Shares of the target's mass around the left mode, in the void, around the right mode.
 */
regions: [number, number, number], fits: Array<ModeFit>, } | { "type": "plane", resolution: number, extent: number, surfaces: Array<Surface>, points: Array<Point>, } | { "type": "read", step: number, 
/**
 * Number of the prompt, and how many there are.
 */
prompt: number, prompts: number, text: string, 
/**
 * Every right answer, where they are known.
 */
answers: Array<KnownAnswer>, writings: Array<Writing>, } | { "type": "finished", outcome: Outcome, 
/**
 * Present when the run ended before its steps were up.
 */
early?: Early, 
/**
 * What its training took, by the knobs as they stood at its end. Records of before do not say.
 */
flops?: Flops, };

export type EngineEvent = { "type": "ready", backend: string, adapter: string, } | { "type": "self_tested", worst: number, limit: number, passed: boolean, milliseconds: number, } | { "type": "brought" } | { "type": "file", name: string, bytes: Uint8Array, } | { "type": "error", code: string, message: string, key: string | null, value: string | null, allowed: string | null, fatal: boolean, };

export type Reply = Event | EngineEvent;

export type Part = "fashion_images" | "fashion_teacher" | "grammar_teacher";

export type Command = { "type": "open", preset: string, version: number, set: { [key in string]: string }, } | { "type": "open_file", json: string, } | { "type": "open_cohort", preset: string, version: number, set: { [key in string]: string }, students: Array<{ [key in string]: string }>, } | { "type": "advance_cohort", steps: number, } | { "type": "advance", steps: number, } | { "type": "step_only", role: Role, } | { "type": "set", key: string, value: string, } | { "type": "inspect", index: number, } | { "type": "plane", resolution: number, } | { "type": "ask", input: Array<number>, } | { "type": "study" } | { "type": "calibration" } | { "type": "dissect", row: number, } | { "type": "modes", spec: ModesSpec | null, steps: number, } | { "type": "read", prompt: number, } | { "type": "bring", part: Part, bytes: Uint8Array, } | { "type": "self_test" } | { "type": "save" } | { "type": "resume", bytes: Uint8Array, } | { "type": "weights", role: Role, } | { "type": "load_weights", role: Role, bytes: Uint8Array, };

export type Kind = { "type": "choice", options: Array<string>, } | { "type": "int", min: number, max: number, log: boolean, } | { "type": "float", min: number, max: number, log: boolean, } | { "type": "bool" } | { "type": "widths", max_len: number, min: number, max: number, } | { "type": "points", max_len: number, };

export type Knob = { 
/**
 * Dotted path in the experiment; also the id of its label in the catalogues.
 */
key: string, kind: Kind, 
/**
 * A live knob acts at once; the others need a new run.
 */
live: boolean, 
/**
 * Shown first; the others stand behind "more".
 */
main: boolean, 
/**
 * Only meaningful while each of these other knobs has one of its values.
 */
needs: Array<[string, Array<string>]>, 
/**
 * Or, where this is not empty, while each of these has.
 */
or_needs: Array<[string, Array<string>]>, 
/**
 * One line of English for `describe`; empty in the page, which has its own catalogues.
 */
help: string, };

// `./build.sh peers` says which name is wrong before it builds or installs anything.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../benches/peers/engines.mjs", import.meta.url));
const asked = (names, W = "") => spawnSync(process.execPath, [SCRIPT, ...names], { encoding: "utf8", env: { ...process.env, W } });

test("an unknown engine or workload is named, with those that there are", () => {
  for (const [names, W, message] of [
    [["ours:native", "tfsj:wasm"], "", /no engine "tfsj:wasm".*tfjs:wasm/],
    [["torch:0"], "", /no engine "torch:0".*torch:N/],
    [["toString"], "", /no engine "toString"/],
    [[], "W1,W9", /no workload "W9".*W1,W2,W3/],
  ]) {
    const { status, stderr } = asked(names, W);
    assert.equal(status, 1);
    assert.match(stderr, message);
  }
});

test("only what the engines need is installed and built", () => {
  assert.equal(asked(["torch:2", "torch:c2"], "W1,W3").stdout, "torch\n");
  assert.equal(asked(["tfjs:wasm"]).stdout, "browser packages\n");
  assert.equal(asked(["ours:native", "ours:wasm"]).stdout, "rust native browser engine\n");
});

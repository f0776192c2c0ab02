import assert from "node:assert/strict";
import { test } from "node:test";

import { browserProgram } from "./launch.mjs";

test("tests and benchmarks find a browser by themselves, or say what is missing", () => {
  assert.equal(browserProgram({ CHROMIUM: "/my/own", PATH: "/bin" }, () => true), "/my/own");
  assert.equal(browserProgram({ PATH: "/bin:/usr/bin" }, (program) => program === "/usr/bin/google-chrome"), "/usr/bin/google-chrome");
  assert.throws(() => browserProgram({ PATH: "/bin" }, () => false), /set CHROMIUM/);
});

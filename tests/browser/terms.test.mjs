// Korean readers meet the field's terms in both languages: on the first screen each stands with its English name where it is met first.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ready, useBrowser, withPage } from "./lab.mjs";

useBrowser();

/** Each with what has to follow it at once. A longer term that holds a shorter one stands for it: 소프트 레이블 for 레이블. */
const TERMS = {
  "지식 증류": "knowledge distillation",
  학생: "student",
  교사: "teacher",
  "소프트 레이블": "soft label",
  온도: "temperature",
  "용량 격차": "capacity gap",
  "정방향 KL": "forward KL",
  "역방향 KL": "reverse KL",
  "테스트 손실": "test loss",
  "학습 손실": "training loss",
  "교차 엔트로피": "cross-entropy",
  일치율: "agreement",
  "보정 오차": "calibration error",
  발산: "divergence",
};

/** What is seen of the page, in its order: no texts for screen readers, no choice of a list but the one that is chosen. */
const seen = (page) =>
  page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT, ({ parentElement }) => {
      const hidden = parentElement.closest(".unseen, script, style, .katex") !== null || !parentElement.checkVisibility({ visibilityProperty: true, opacityProperty: true });
      const other = parentElement instanceof HTMLOptionElement && !parentElement.selected;
      return hidden || other ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT;
    });
    const texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode.data.trim());
    return texts.filter((text) => text !== "").join("\n");
  });

test("on the first screen each term is given in English where it is met first", () =>
  withPage("?backend=cpu&lang=ko", async (page) => {
    await ready(page);
    await page.getByText(/KL\(교사‖학생\)/).first().waitFor();
    const words = await seen(page);
    const bare = Object.entries(TERMS).flatMap(([term, english]) => {
      const at = words.indexOf(term);
      if (at < 0) return [`${term} is not on the first screen`];
      const after = words.slice(at + term.length);
      return after.startsWith(`(${english}`) ? [] : [`${term}: “${words.slice(Math.max(0, at - 20), at + term.length + 20)}”`];
    });
    assert.deepEqual(bare, []);
  }));

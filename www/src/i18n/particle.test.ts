import { expect, it } from "vitest";

import { fill } from "./fill";
import { particle } from "./particle";

// Read aloud: 학생, 교사, 서울, 영점일, 사, 칠, 퍼센트, 케이엘, 씨엔엔, 아담더블유, 코사인, 스케일, 라이브, 알파, 티 제곱.
it.each([
  ["학생", "은 이 을 과 으로 이었"],
  ["교사", "는 가 를 와 로 였"],
  ["서울", "은 이 을 과 로 이었"],
  ["0.1", "은 이 을 과 로 이었"],
  ["1,000", "은 이 을 과 으로 이었"],
  ["4", "는 가 를 와 로 였"],
  ["7", "은 이 을 과 로 이었"],
  ["97.4%", "는 가 를 와 로 였"],
  ["KL", "은 이 을 과 로 이었"],
  ["CNN", "은 이 을 과 으로 이었"],
  ["AdamW", "는 가 를 와 로 였"],
  ["cosine", "은 이 을 과 으로 이었"],
  ["scale", "은 이 을 과 로 이었"],
  ["live", "는 가 를 와 로 였"],
  ["α", "는 가 를 와 로 였"],
  ["T²", "은 이 을 과 으로 이었"],
  ["온도 T (4.5)", "는 가 를 와 로 였"],
  ["‘끔’", "은 이 을 과 으로 이었"],
])("%s takes its particles", (value, expected) => {
  expect(["은(는)", "이(가)", "을(를)", "과(와)", "(으)로", "이었(였)"].map((pair) => particle(value, pair)).join(" ")).toBe(expected);
});

it("a text chooses its particle by the value, through what closes it", () => {
  expect(fill("예측은 ‘{option}’이었(였)고", { option: "차이 없음" }, "ko")).toBe("예측은 ‘차이 없음’이었고");
  expect(fill("예측은 ‘{option}’이었(였)고", { option: "혼자" }, "ko")).toBe("예측은 ‘혼자’였고");
  expect(fill("{key}: {value}(으)로", { key: "T", value: 8 }, "ko")).toBe("T: 8로");
  expect(fill("{value}을(를)", { value: "{b}" }, "ko")).toBe("{b}를");
  expect(fill("{value}을(를)", { value: "–" }, "ko")).toBe("–을(를)");
  expect(fill("{gone}을(를)", {}, "ko")).toBe("{gone}을(를)");
});

import { describe, expect, it } from "vitest";

import { trust } from "./trust";

describe("trust", () => {
  it("weighs the bins by their rows", () => {
    const found = trust([{ confidence: 0.5, accuracy: 0.4, rows: 100 }, { confidence: 0.9, accuracy: 0.8, rows: 300 }, { confidence: 0, accuracy: 0, rows: 0 }]);
    expect(found.rows).toBe(400);
    expect(found.confidence).toBeCloseTo(0.8);
    expect(found.accuracy).toBeCloseTo(0.7);
    expect(found.verdict).toBe("over");
  });

  it("calls a gap that may be chance fair, and says which way a larger one goes", () => {
    // Standard error of 100 rows at 0.8: 0.04.
    expect(trust([{ confidence: 0.8, accuracy: 0.73, rows: 100 }]).verdict).toBe("fair");
    expect(trust([{ confidence: 0.8, accuracy: 0.71, rows: 100 }]).verdict).toBe("over");
    expect(trust([{ confidence: 0.8, accuracy: 0.89, rows: 100 }]).verdict).toBe("under");
    expect(trust([]).verdict).toBe("fair");
  });
});

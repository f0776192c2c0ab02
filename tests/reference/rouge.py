"""Reference values of ROUGE-L (src/eval/text/overlap.rs, which leaves out the pair that is not ASCII: there it deviates): Google's implementation, `pip install rouge-score==0.1.2`, without stemming.

    python tests/reference/rouge.py > tests/reference/rouge.json
"""

import json

from rouge_score import rouge_scorer

PAIRS = [
    ("the cat is on the mat", "the cat is on the mat"),
    ("the cat is on the mat", "the cat sat on a mat"),
    ("the cat is on the mat", "mat the on is cat the"),
    ("the cat is on the mat", "on the mat"),
    ("The Cat, is ON the mat!", "the cat is-on the mat"),
    ("it's 42 apples.", "it s 42 apple"),
    ("snake_case and UTF-8 café", "snake case and utf 8 caf"),
    ("a b c d e f g", "a c e g b d f"),
    ("one two two three", "two one two three three"),
    ("cats running quickly", "cat runs quick"),
    ("the cat", ""),
    ("", "the cat"),
    ("", ""),
    ("!?", "the cat"),
]


def main() -> None:
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
    rows = []
    for wanted, said in PAIRS:
        score = scorer.score(wanted, said)["rougeL"]
        rows.append({"wanted": wanted, "said": said, "f1": score.fmeasure})
    print(json.dumps(rows, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()

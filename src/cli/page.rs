//! The frame of a report: one HTML file that needs nothing else, light or dark as the reader's system is.

use std::fmt::Write;

/// A page under construction.
pub struct Page {
    body: String,
    title: String,
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1b1b;--paper:#fff;--soft:#f1f1ee;--line:#d5d5d0;--quiet:#5a5a57}\
@media(prefers-color-scheme:dark){:root{--ink:#e8e8e4;--paper:#16181b;--soft:#22262a;--line:#3a3f44;--quiet:#a5a8a6}}\
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:62rem;margin:2rem auto;padding:0 1rem}\
p,pre{max-width:46rem}h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.1rem;margin-top:2rem}\
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}\
th,td{padding:.3rem .8rem .3rem 0;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}\
th:first-child,td:first-child{text-align:left}\
svg{width:100%;min-width:30rem;max-width:46rem;height:auto}svg text{fill:currentColor}pre{background:var(--soft);padding:.7rem;white-space:pre-wrap}\
.quiet{color:var(--quiet);font-size:.9rem}.key{display:inline-block;width:2rem;border-top:3px solid;vertical-align:middle;margin:0 .4rem 0 1rem}\
.key.alone{border-top-style:dashed}";

impl Page {
    pub fn new(title: &str) -> Self {
        let title = escape(title);
        Self { body: format!("<h1>{title}</h1>\n"), title }
    }

    pub fn heading(&mut self, text: &str) {
        self.raw(&format!("<h2>{}</h2>", escape(text)));
    }

    pub fn paragraph(&mut self, text: &str) {
        self.raw(&format!("<p>{}</p>", escape(text)));
    }

    pub fn quiet(&mut self, text: &str) {
        self.raw(&format!("<p class=\"quiet\">{}</p>", escape(text)));
    }

    pub fn code(&mut self, text: &str) {
        self.raw(&format!("<pre><code>{}</code></pre>", escape(text)));
    }

    /// Rows of cells; the first row is the header.
    pub fn table(&mut self, rows: &[Vec<String>]) {
        let mut html = String::from("<div class=\"scroll\"><table>\n");
        for (index, row) in rows.iter().enumerate() {
            let tag = if index == 0 { "th" } else { "td" };
            let cells = row.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect::<String>();
            // Writing to a string cannot fail.
            let _ = writeln!(html, "<tr>{cells}</tr>");
        }
        html.push_str("</table></div>");
        self.raw(&html);
    }

    /// HTML of our own making.
    pub fn raw(&mut self, html: &str) {
        self.body.push_str(html);
        self.body.push('\n');
    }

    pub fn finish(self) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
             <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
            self.title, self.body
        )
    }
}

pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

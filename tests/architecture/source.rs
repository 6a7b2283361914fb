//! Reads `src` for the rules: files, tokens, and the paths that tokens spell.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One file of `src` as the rules see it.
pub struct Source {
    /// From `src`, with `/` on every system.
    pub path: String,
    pub tokens: Vec<Token>,
}

pub struct Token {
    line: usize,
    /// An identifier, `::`, or one character.
    text: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            tokens: without_tests(tokens(&blank(text))),
        }
    }

    /// `embed` of `embed/fast.rs`, `toml_file` of `toml_file.rs`.
    pub fn entry(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    pub fn is_in(&self, place: &str) -> bool {
        let rest = self.path.strip_prefix(place);
        rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }

    /// How many `super` lead from this file's module to the root of the crate.
    pub fn depth(&self) -> usize {
        let module = self.path.trim_end_matches("/mod.rs");
        module.split('/').count()
    }

    pub fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &token.text)
    }

    pub fn broken(&self, at: usize, what: &str) -> String {
        format!("src/{}:{}: {what}", self.path, self.tokens[at].line)
    }
}

/// `a` of `a::b`; `a` and `c` of `{a::{b, x}, c}`.
pub fn first_names(file: &Source, at: usize) -> Vec<String> {
    if file.text(at) != "{" {
        return vec![file.text(at).to_owned()];
    }
    let (mut depth, mut names) = (0, Vec::new());
    for i in at..file.tokens.len() {
        match file.text(i) {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && matches!(file.text(i), "{" | ",") {
            names.push(file.text(i + 1).to_owned());
        }
    }
    names
}

/// The text with comments and literals blanked out, line for line.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = if let Some(end) = literal_end(&chars, at) {
            end.min(chars.len())
        } else {
            out.push(chars[at]);
            at += 1;
            continue;
        };
        out.extend(
            chars[at..end]
                .iter()
                .map(|c| if *c == '\n' { '\n' } else { ' ' }),
        );
        at = end;
    }
    out
}

/// Where the comment, string or character that begins at `at` ends; `None` where none begins.
fn literal_end(chars: &[char], at: usize) -> Option<usize> {
    let is = |i: usize, c: char| chars.get(i) == Some(&c);
    let find = |from: usize, c: char| (from..chars.len()).find(|i| is(*i, c));
    let after_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match chars[at] {
        '/' if is(at + 1, '/') => Some(find(at, '\n').unwrap_or(chars.len())),
        '/' if is(at + 1, '*') => Some(block_comment_end(chars, at)),
        '"' => Some(quote_end(chars, at + 1, '"')),
        '\'' if is(at + 1, '\\') => Some(quote_end(chars, at + 1, '\'')),
        '\'' if is(at + 2, '\'') => Some(at + 3),
        'r' if !after_word || (at > 0 && matches!(chars[at - 1], 'b' | 'c')) => {
            let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
            let open = at + 1 + hashes;
            let closes = |i: &usize| is(*i, '"') && (1..=hashes).all(|n| is(i + n, '#'));
            let close = is(open, '"').then(|| (open + 1..chars.len()).find(closes))?;
            Some(close.map_or(chars.len(), |i| i + 1 + hashes))
        }
        _ => None,
    }
}

fn quote_end(chars: &[char], mut at: usize, quote: char) -> usize {
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn block_comment_end(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < chars.len() {
        match chars[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn tokens(code: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (i, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let length = match rest.find(|c| !word(c)) {
                Some(0) if rest.starts_with("::") => 2,
                Some(0) => first.len_utf8(),
                Some(end) => end,
                None => rest.len(),
            };
            let (text, after) = rest.split_at(length);
            tokens.push(Token {
                line: i + 1,
                text: text.to_owned(),
            });
            rest = after.trim_start();
        }
    }
    tokens
}

/// Leaves out every item behind `#[cfg(test)]`, up to its closing brace or its semicolon.
fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let marked = |at: usize| {
        let ahead = tokens[at..].iter().map(|token| token.text.as_str());
        ahead.take(MARK.len()).eq(MARK)
    };
    let mut keep = vec![true; tokens.len()];
    let mut at = 0;
    while at < tokens.len() {
        if !marked(at) {
            at += 1;
            continue;
        }
        let mut depth = 0;
        loop {
            keep[at] = false;
            match tokens[at].text.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            let ends = depth == 0 && matches!(tokens[at].text.as_str(), "}" | ";");
            at += 1;
            if ends || at == tokens.len() {
                break;
            }
        }
    }
    let kept = tokens.into_iter().zip(keep);
    kept.filter_map(|(token, keep)| keep.then_some(token))
        .collect()
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn entries_of_src() -> Vec<String> {
    let entries = fs::read_dir(root().join("src")).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.trim_end_matches(".rs").to_owned())
        .collect()
}

/// Every `.rs` file of `src` by its path from there, with its text.
pub fn source_files() -> Vec<(String, String)> {
    let src = root().join("src");
    let mut paths = Vec::new();
    walk(&src, &mut paths);
    paths.retain(|path| path.extension().is_some_and(|e| e == "rs"));
    paths.sort();
    assert!(!paths.is_empty(), "no source files in {}", src.display());
    let named = |path: PathBuf| {
        let name = path.strip_prefix(&src).unwrap().to_string_lossy();
        (name.replace('\\', "/"), fs::read_to_string(&path).unwrap())
    };
    paths.into_iter().map(named).collect()
}

/// From the root of the project. Where git cannot answer (a source archive), all files but the build's.
pub fn tracked_files() -> Vec<PathBuf> {
    let git = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output();
    if let Some(out) = git
        .ok()
        .filter(|out| out.status.success() && !out.stdout.is_empty())
    {
        let names = String::from_utf8(out.stdout).unwrap();
        return names.split_terminator('\0').map(PathBuf::from).collect();
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        if !path.ends_with("target") && !path.ends_with(".git") {
            walk(&path, &mut paths);
        }
    }
    paths
}

fn walk(path: &Path, files: &mut Vec<PathBuf>) {
    if !path.is_dir() {
        files.push(path.to_owned());
        return;
    }
    for entry in fs::read_dir(path).unwrap() {
        walk(&entry.unwrap().path(), files);
    }
}

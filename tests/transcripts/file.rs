//! The transcript format: parsing, and printing back what was parsed.

use std::fmt::Write;

/// Lines without a blank line between them, and the rules at their top.
#[derive(Default)]
pub struct Block {
    pub rules: Rules,
    /// Comments and rules as they were written.
    head: Vec<String>,
    pub steps: Vec<Step>,
}

/// How the replies of a block are compared, and where it applies.
#[derive(Default)]
pub struct Rules {
    /// Lists of strings may come in any order.
    pub unordered: bool,
    /// Each command is sent again until the reply fits.
    pub until: bool,
    /// `*` and `<1..9>` in an expectation stand for any text and for a number in that range.
    pub pattern: bool,
    /// A push message is what answers the command.
    pub push: bool,
    /// Redis has no such command, or does it otherwise: only Headcount is asked.
    pub headcount: bool,
    /// The first Redis version that answers so.
    pub since: (u32, u32),
}

pub struct Step {
    pub line: usize,
    /// Which connection: `b> PING` is on the one called b.
    pub connection: String,
    pub command: String,
    pub expected: String,
}

pub fn parse(text: &str) -> Vec<Block> {
    let mut blocks = vec![Block::default()];
    for (number, line) in text.lines().enumerate() {
        if line.is_empty() {
            blocks.push(Block::default());
            continue;
        }
        let block = blocks.last_mut().expect("one at least");
        if let Some((connection, command)) = prompt(line) {
            block.steps.push(Step {
                line: number + 1,
                connection: connection.to_owned(),
                command: command.to_owned(),
                expected: String::new(),
            });
        } else if let Some(step) = block.steps.last_mut() {
            let separator = if step.expected.is_empty() { "" } else { "\n" };
            write!(step.expected, "{separator}{line}").expect("a String");
        } else {
            if let Some(rule) = line.strip_prefix("@ ") {
                block.rules.add(rule);
            }
            block.head.push(line.to_owned());
        }
    }
    blocks
}

/// `name> COMMAND` with a name of lower-case letters and digits, or none.
fn prompt(line: &str) -> Option<(&str, &str)> {
    let (name, command) = line.split_once("> ")?;
    name.bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        .then_some((name, command))
}

impl Rules {
    fn add(&mut self, rule: &str) {
        match rule.split_once(' ').unwrap_or((rule, "")) {
            ("unordered", "") => self.unordered = true,
            ("until", "") => self.until = true,
            ("pattern", "") => self.pattern = true,
            ("push", "") => self.push = true,
            ("headcount", "") => self.headcount = true,
            ("since", version) => {
                let (major, minor) = version.split_once('.').expect("a version such as 7.2");
                self.since = (major.parse().expect("major"), minor.parse().expect("minor"));
            }
            _ => panic!("no such rule: @ {rule}"),
        }
    }
}

pub fn print(blocks: &[Block]) -> String {
    let mut out = String::new();
    for (index, block) in blocks.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        for line in &block.head {
            writeln!(out, "{line}").expect("a String");
        }
        for step in &block.steps {
            writeln!(out, "{}> {}\n{}", step.connection, step.command, step.expected)
                .expect("a String");
        }
    }
    out
}

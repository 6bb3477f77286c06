//! redis-cli sessions in a document: code blocks whose first line has redis-cli's prompt.
//!
//! `<!-- after 1100 ms -->` on a line above a block says that it goes on with the session before it,
//! so much later.

use std::time::Duration;

/// Where a server listens that nobody has told otherwise.
pub const PORT: u16 = 6379;

pub struct Session {
    /// Where the block starts.
    pub line: usize,
    /// How long after the session before it this one goes on; `None`: it starts anew.
    pub continues_after: Option<Duration>,
    pub steps: Vec<Step>,
}

pub struct Step {
    /// Of the server that is asked.
    pub port: u16,
    pub command: String,
    pub expected: String,
}

pub fn sessions(text: &str) -> Vec<Session> {
    let mut sessions = Vec::new();
    let mut continues_after = None;
    let mut block: Option<(usize, Vec<&str>)> = None;
    for (index, line) in text.lines().enumerate() {
        if let Some(pause) = pause(line) {
            continues_after = Some(pause);
        } else if line.starts_with("```") {
            match block.take() {
                None => block = Some((index + 2, Vec::new())),
                Some((line, lines)) if lines.first().is_some_and(|it| prompt(it).is_some()) => {
                    let continues_after = continues_after.take();
                    sessions.push(Session { line, continues_after, steps: steps(&lines) });
                }
                Some(_) => {}
            }
        } else if let Some((_, lines)) = &mut block {
            lines.push(line);
        }
    }
    sessions
}

fn steps(lines: &[&str]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in lines {
        match (prompt(line), steps.last_mut()) {
            (Some((port, command)), _) => {
                steps.push(Step { port, command: command.to_owned(), expected: String::new() });
            }
            (None, Some(step)) => {
                let separator = if step.expected.is_empty() { "" } else { "\n" };
                step.expected = format!("{}{separator}{line}", step.expected);
            }
            (None, None) => {}
        }
    }
    steps
}

/// The port in redis-cli's prompt, and what was typed.
fn prompt(line: &str) -> Option<(u16, &str)> {
    let (port, command) = line.strip_prefix("127.0.0.1:")?.split_once("> ")?;
    Some((port.parse().ok()?, command))
}

/// The flags of each `headcount` with a `cluster-port` in the document's shell commands.
pub fn nodes(text: &str) -> Vec<Vec<String>> {
    let commands = text.lines().filter_map(|line| line.strip_prefix("headcount "));
    let words = commands.map(|flags| flags.trim_end_matches(" &").split(' '));
    let nodes = words.map(|words| words.map(str::to_owned).collect::<Vec<_>>());
    nodes.filter(|flags| flags.iter().any(|flag| flag == "--cluster-port")).collect()
}

fn pause(line: &str) -> Option<Duration> {
    let ms = line.strip_prefix("<!-- after ")?.strip_suffix(" ms -->")?;
    Some(Duration::from_millis(ms.parse().expect("a number of milliseconds")))
}

#[test]
fn blocks_with_a_prompt_are_sessions() {
    let text = "```\n127.0.0.1:6379> GET a\n(nil)\n127.0.0.1:6379> KEYS *\n1) \"b\"\n2) \"c\"\n```\n\
                ```sh\ncargo test\n```\n<!-- after 20 ms -->\n```\n127.0.0.1:6379> PING\nPONG\n```\n";
    let [first, second] = &sessions(text)[..] else { panic!("two sessions") };
    assert_eq!((first.line, first.continues_after), (2, None));
    assert_eq!((first.steps[0].port, first.steps[0].command.as_str()), (PORT, "GET a"));
    assert_eq!(first.steps[1].expected, "1) \"b\"\n2) \"c\"");
    assert_eq!((second.line, second.continues_after), (13, Some(Duration::from_millis(20))));
}

#[test]
fn nodes_are_what_is_started_with_a_cluster_port() {
    let text = "```sh\nheadcount --port 7001\nheadcount --port 7002 --cluster-port 8002 &\n```\n";
    assert_eq!(nodes(text), [["--port", "7002", "--cluster-port", "8002"]]);
}

//! redis-cli sessions in a document: code blocks whose first line has redis-cli's prompt.
//!
//! `<!-- after 1100 ms -->` on a line above a block says that it goes on with the session before it,
//! so much later.

use std::time::Duration;

const PROMPT: &str = "127.0.0.1:6379> ";

pub struct Session {
    /// Where the block starts.
    pub line: usize,
    /// How long after the session before it this one goes on; `None`: it starts anew.
    pub continues_after: Option<Duration>,
    pub steps: Vec<Step>,
}

pub struct Step {
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
                Some((line, lines)) if lines.first().is_some_and(|it| it.starts_with(PROMPT)) => {
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
        match (line.strip_prefix(PROMPT), steps.last_mut()) {
            (Some(command), _) => {
                steps.push(Step { command: command.to_owned(), expected: String::new() });
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
    assert_eq!(first.steps[0].command, "GET a");
    assert_eq!(first.steps[1].expected, "1) \"b\"\n2) \"c\"");
    assert_eq!((second.line, second.continues_after), (13, Some(Duration::from_millis(20))));
}

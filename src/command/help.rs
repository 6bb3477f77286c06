//! The reply to `… HELP` of a command with subcommands.

use super::{Call, CommandError};

/// Answers the help text of `container` (in upper case). `lines` describe its subcommands, one line
/// with the synopsis and indented ones with the explanation; HELP itself is described here.
pub fn reply_help(call: &mut Call<'_, '_>, container: &str, lines: &[&str]) {
    call.reply.array(lines.len() + 3);
    let usage = "<subcommand> [<arg> [value] [opt] ...]. Subcommands are:";
    call.reply.simple(&format!("{container} {usage}"));
    for line in lines {
        call.reply.simple(line);
    }
    call.reply.simple("HELP");
    call.reply.simple("    Prints this help.");
}

/// The answer to a subcommand whose arguments have the wrong number or form, where Redis says it this
/// way. `container` is in upper case.
#[must_use]
pub fn subcommand_refused(container: &str, word: &[u8]) -> CommandError {
    let word = String::from_utf8_lossy(word.get(..128).unwrap_or(word));
    CommandError::text(format!(
        "ERR unknown subcommand or wrong number of arguments for '{word}'. Try {container} HELP."
    ))
}

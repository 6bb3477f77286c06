//! A script as the dispatcher sees it: where it runs, and the commands that it calls.

use super::*;
use crate::acl::Context;
use crate::command::lua::{is_brief, with_engine};
use crate::command::script_refusals as refusals;
use crate::command::{ScriptDone, ScriptRequest};
use crate::metrics::memory::used_bytes;
use crate::node::Scripts;
use crate::resp::{Protocol, Span};
use crate::script::{Host, Script};

impl<'b> Batch<'b, '_> {
    /// EVAL and its like, outside of a transaction: here, if it cannot take long and need not wait for another one; else by
    /// the thread of scripts, for this one serves others too.
    pub(super) fn execute_script(
        &mut self,
        known: Known,
        session: &mut Session,
        args: Args<'_>,
        out: &mut Vec<u8>,
    ) {
        if !session.hands_over {
            return self.run(known, session, args, out, None);
        }
        let keyspace = &self.node.keyspace;
        let is_brief = is_brief(&self.node.scripts, known.entry, args);
        match is_brief.then(|| keyspace.open_script_now(self.now_ms)).flatten() {
            Some(mut keys) => self.run(known, session, args, out, Some(&mut keys)),
            None => {
                session.script =
                    Some(Box::new(ScriptRequest::new(self.node, known.entry, session, args)));
                session.after = After::AwaitScript;
            }
        }
    }

    /// Runs what a connection has handed over.
    pub fn execute_handed_over(&mut self, mut request: ScriptRequest) -> ScriptDone {
        let mut reply = Vec::new();
        let known = Known { entry: request.entry, hash: None };
        let (session, args) = request.parts();
        self.run(known, session, args, &mut reply, None);
        self.serve_waiting();
        let closes = session.after == After::Close;
        ScriptDone { reply, wrote: session.wrote, closes }
    }
}

/// Runs a script with the keys of `call`, and writes its reply.
pub(in crate::command) fn run_script(
    call: &mut Call<'_, '_>,
    script: &Script,
    (keys, arguments): (&[&[u8]], &[&[u8]]),
    is_read_only: bool,
) -> Result<(), CommandError> {
    let node = call.node;
    let mut cached = CachedConfig::default();
    let config = cached.get(&node.config).clone();
    let is_out_of_memory = is_out_of_memory(node, &config);
    refusals::before(node, &config, script, is_read_only, is_out_of_memory)?;
    let mut batch = Batch::new(node, call.recorder, &mut cached, call.keys.now_ms());
    let mut session = call.session.apart(&node.access);
    session.protocol = Protocol::Resp2;
    (session.in_exec, session.in_script) = (true, true);
    let mut host = Calls {
        batch: &mut batch,
        session,
        keys: call.keys,
        scripts: &node.scripts,
        is_read_only: is_read_only || script.flags.no_writes,
        is_out_of_memory: is_out_of_memory && !script.flags.allow_oom,
    };
    let run = node.scripts.running.begin(&config);
    let mut reply = Vec::new();
    let ran = with_engine(node, |engine| {
        engine.run(script, (keys, arguments), &mut host, call.reply.protocol(), &mut reply)
    });
    drop(run);
    let wrote = host.session.wrote;
    batch.finish();
    call.session.wrote = wrote;
    // It may have selected another, which is shown.
    call.session.select(call.session.db);
    ran.map_err(CommandError::Script)?;
    call.reply.raw(&reply);
    Ok(())
}

/// More is used than may be, and evicting has not helped.
fn is_out_of_memory(node: &Node, config: &crate::config::Config) -> bool {
    let counted_bytes = || used_bytes().saturating_sub(node.log_buffer_bytes());
    config.maxmemory_bytes != 0 && counted_bytes() > config.maxmemory_bytes
}

/// The commands that a script calls.
struct Calls<'s, 'b, 'c> {
    batch: &'s mut Batch<'b, 'c>,
    session: Session,
    keys: &'s mut Keys<'b>,
    scripts: &'b Scripts,
    is_read_only: bool,
    is_out_of_memory: bool,
}

impl Calls<'_, '_, '_> {
    /// The command, if it may run.
    fn admit(&mut self, args: Args<'_>) -> Result<&'static Entry, String> {
        let entry = match resolve(args, self.batch.last) {
            Ok(entry) => entry,
            Err((None, _)) => return Err(self.refused(None, refusals::UNKNOWN)),
            Err((entry, _)) => return Err(self.refused(entry, refusals::ARITY)),
        };
        self.batch.last = Some(entry);
        let flags = entry.command.flags;
        if flags.has(Flags::NOSCRIPT) {
            return Err(self.refused(Some(entry), refusals::NOT_ALLOWED));
        }
        if let Err(denied) = permission::check(&self.session.account, entry, args) {
            let (node, at) = (self.batch.node, (entry, args));
            permission::note(node, &self.session, denied, Context::Script, at, self.batch.now_ms);
            return Err(self.refused(Some(entry), refusals::denied(denied)));
        }
        if flags.has(Flags::WRITE) {
            if self.is_read_only {
                return Err(self.refused(Some(entry), refusals::READ_ONLY));
            }
            let config = self.batch.config.get(&self.batch.node.config);
            let disk = self.batch.node.disk.as_ref();
            if let Some(text) = disk.and_then(|disk| misconf(disk, config)) {
                return Err(self.refused(Some(entry), &text));
            }
        }
        // What it has begun it may end.
        let is_begun = self.scripts.running.has_written();
        if flags.has(Flags::DENYOOM) && self.is_out_of_memory && !is_begun {
            return Err(self.refused(Some(entry), OUT_OF_MEMORY));
        }
        if flags.has(Flags::WRITE) && !self.scripts.running.writes() {
            return Err("ERR Script killed by user with SCRIPT KILL...".to_owned());
        }
        Ok(entry)
    }

    fn refused(&self, entry: Option<&Entry>, text: &str) -> String {
        if let Some(entry) = entry {
            self.batch.recorder.rejected(entry.index);
        }
        self.batch.node.stats.error(text);
        text.to_owned()
    }
}

impl Host for Calls<'_, '_, '_> {
    fn call(&mut self, bytes: &[u8], spans: &[Span], reply: &mut Vec<u8>) -> Result<(), String> {
        let args = Args::new(bytes, spans);
        let entry = self.admit(args)?;
        let hash = entry.only_key.and_then(|at| args.get(at)).map(hash_name);
        let known = Known { entry, hash };
        self.batch.run(known, &mut self.session, args, reply, Some(self.keys));
        Ok(())
    }

    fn may_call(&mut self, bytes: &[u8], spans: &[Span]) -> Option<bool> {
        let args = Args::new(bytes, spans);
        let entry = resolve(args, None).ok()?;
        Some(permission::check(&self.session.account, entry, args).is_ok())
    }

    fn set_protocol(&mut self, protocol: Protocol) {
        self.session.protocol = protocol;
    }

    fn log(&mut self, level: i64, message: &str) {
        match level {
            0 | 1 => tracing::debug!("{message}"),
            2 => tracing::info!("{message}"),
            _ => tracing::warn!("{message}"),
        }
    }
}

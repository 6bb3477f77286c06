//! The `headcount` program: reads the command line and runs what it asks for.

use headcount::base::Replica;
use headcount::cli::{self, Invocation, Target};
use headcount::config::Config;
use headcount::crdt::Tombstones;
use headcount::disk::{self, Files};
use headcount::metrics::memory::Counting;
use headcount::node::clock::unix_ms;
use headcount::node::{Disk, Node};
use headcount::store::Keyspace;
use headcount::{backup, client, command, import, peer, server};
use mimalloc::MiMalloc;
use std::error::Error;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Counting<MiMalloc> = Counting(MiMalloc);

/// A server that takes longer to say PONG is not well.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    match cli::parse(std::env::args_os().skip(1), io::stdin())? {
        Invocation::Serve(config, file) => serve(*config, file),
        Invocation::Ping(target) => Ok(ping(&target)?),
        Invocation::Import(options) => Ok(import::run(&options)?),
        Invocation::Dump(login) => Ok(backup::dump(&login)?),
        Invocation::Restore(options) => Ok(backup::restore(&options)?),
        // Not `println!`, which panics when nobody reads any more (`headcount --help | head`).
        Invocation::Check(path) if path.is_file() => {
            Ok(write!(io::stdout(), "{}", backup::check(&path)?)?)
        }
        Invocation::Check(path) => {
            let (text, starts) = disk::check_directory(&path)?;
            write!(io::stdout(), "{text}")?;
            if starts { Ok(()) } else { Err("It is damaged: see `headcount repair`".into()) }
        }
        Invocation::Repair { from, into } => {
            Ok(write!(io::stdout(), "{}", disk::repair_directory(&from, &into)?)?)
        }
        Invocation::Help => Ok(write!(io::stdout(), "{}", cli::help())?),
        Invocation::Version => Ok(writeln!(io::stdout(), "{}", cli::version())?),
    }
}

fn serve(mut config: Config, file: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    enter_folder(&mut config)?;
    let set_log_level =
        server::logging::start(&config).map_err(|error| format!("Cannot log: {error}"))?;
    let databases = u16::try_from(config.databases).unwrap_or(u16::MAX);
    let files = disk::Files::open(&config)?;
    let cluster = peer::make_cluster(&config, files.as_ref().is_some_and(Files::is_kept))?;
    let keyspace = match &cluster {
        Some(cluster) => {
            let me = cluster.engine.lock().me();
            let keyspace = Keyspace::new(databases, me, Tombstones::KEEP, unix_ms());
            if config.cluster_port == 0 { keyspace.alone() } else { keyspace }
        }
        // Every start writes as a replica of its own; alone, it need not remember what it removed.
        None => {
            let me = Replica { node: rand::random(), epoch: rand::random() };
            Keyspace::new(databases, me, Tombstones::Drop, unix_ms())
        }
    };
    let mut node = Node::new(config, keyspace, command::registry::all().len());
    if let Some(cluster) = cluster.map(Arc::new) {
        node.disk = files.is_some().then(|| Arc::new(Disk::new(cluster.clone())));
        // Alone, the disk is its only peer.
        node.cluster = (node.config().cluster_port != 0).then_some(cluster);
    }
    node.config_file = file;
    command::users::load_at_start(&node)?;
    server::serve(&Arc::new(node), files, set_log_level)?;
    Ok(())
}

/// Works in `dir`, which is made if it is missing. A node that keeps nothing stays where it is, unless it was told
/// where to be.
fn enter_folder(config: &mut Config) -> Result<(), Box<dyn Error>> {
    let keeps = config.appendonly || config.cluster_port != 0;
    if keeps || config.dir != Config::default().dir {
        let trouble = |error| format!("Cannot work in {}: {error}", config.dir.display());
        match std::fs::create_dir(&config.dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(trouble(error).into());
            }
            made => {
                std::env::set_current_dir(&config.dir).map_err(trouble)?;
                if made.is_ok() {
                    // What is written into it is durable only if it is there after a crash.
                    File::open("..").and_then(|parent| parent.sync_all()).map_err(trouble)?;
                }
            }
        }
    }
    // CONFIG GET dir tells the folder itself, as Redis does.
    config.dir = std::env::current_dir()?;
    Ok(())
}

fn ping(target: &Target) -> io::Result<()> {
    match target {
        Target::Tcp { host, port } => client::ping((host.as_str(), *port), None, PING_TIMEOUT),
        Target::Unix(path) => {
            let mut client = client::Client::connect_unix(path)?;
            client.set_timeout(Some(PING_TIMEOUT))?;
            expect_pong(&client.call(&["PING"])?)
        }
    }?;
    writeln!(io::stdout(), "PONG")
}

fn expect_pong(reply: &client::Reply) -> io::Result<()> {
    match reply {
        client::Reply::Simple(text) if text == b"PONG" => Ok(()),
        other => Err(io::Error::other(format!("expected PONG, got {other:?}"))),
    }
}

//! What the configuration says of replication.

use super::announce;
use super::identity::{Identity, IdentityError, IdentityFile};
use crate::config::Config;
use crate::node::Cluster;
use crate::node::clock::unix_ms;
use crate::replication::{Engine, Now, Settings};
use std::num::NonZeroU32;

/// How often what was written is drained, in milliseconds.
const TICK_MS: u64 = 5;
/// The same where the disk is the only peer.
const ALONE_TICK_MS: u64 = 1_000;

/// A node's part in a cluster. `None`: it has no `cluster-port`, and is alone, and keeps nothing on disk
/// either, which would be its only peer. `is_kept`: there is a log, which says who the node is.
///
/// # Errors
/// It cannot be found out who the node is.
pub fn make_cluster(config: &Config, is_kept: bool) -> Result<Option<Cluster>, IdentityError> {
    let is_alone = config.cluster_port == 0;
    if is_alone && !config.appendonly {
        return Ok(None);
    }
    let now = Now { wall_ms: unix_ms(), mono_ms: 0 };
    let Identity { node, incarnation } = identity(config, is_kept, now.wall_ms)?;
    let address = if is_alone { String::new() } else { announce::address(config) };
    if !is_alone {
        tracing::info!("Node {node:08x}; other nodes are told to dial {address}");
    }
    let who = Who { node, epoch: rand::random(), incarnation, address };
    let mut settings = settings(config, who);
    if is_alone {
        settings.seeds.clear();
        (settings.tick_ms, settings.grace_ms) = (ALONE_TICK_MS, 0);
    }
    let mut engine = Engine::new(settings, rand::random(), now);
    let clients = announce::for_clients(config, &engine.settings().address);
    engine.serve_clients_at(clients);
    if config.appendonly {
        engine.keep_journal();
    }
    Ok(Some(Cluster::new(engine)))
}

fn identity(config: &Config, is_kept: bool, now_ms: u64) -> Result<Identity, IdentityError> {
    let drawn = rand::random::<NonZeroU32>().get();
    let (file, configured) = (IdentityFile::of(config), config.cluster_node_id);
    match (config.cluster_port, is_kept) {
        (_, true) => {
            // The log knows more, unless the node was in memory only since.
            let known = file.read()?.unwrap_or(Identity { node: drawn, incarnation: 0 });
            Ok(Identity { node: configured.unwrap_or(known.node), ..known })
        }
        (0, false) => Ok(Identity { node: configured.unwrap_or(drawn), incarnation: now_ms }),
        (_, false) => file.begin(configured, drawn, now_ms),
    }
}

/// The part of the settings that does not come from the configuration alone.
pub struct Who {
    pub node: u32,
    pub epoch: u32,
    pub incarnation: u64,
    pub address: String,
}

impl Who {
    /// Who `settings` are about.
    pub fn of(settings: &Settings) -> Who {
        let Settings { node, epoch, incarnation, ref address, .. } = *settings;
        Who { node, epoch, incarnation, address: address.clone() }
    }
}

pub fn settings(config: &Config, who: Who) -> Settings {
    let Who { node, epoch, incarnation, address } = who;
    Settings {
        node,
        epoch,
        incarnation,
        address,
        seeds: config.cluster_peer.clone(),
        tick_ms: TICK_MS,
        window_bytes: usize::try_from(config.cluster_window_bytes).unwrap_or(usize::MAX),
        notes_max: 1 << 20,
        sync_interval_ms: u64::from(config.cluster_sync_interval_s) * 1000,
        forget_after_ms: u64::from(config.node_forget_after_s) * 1000,
        max_stamp_ahead_ms: config.cluster_max_stamp_ahead_ms.into(),
        // Clocks that differ by more are not listened to.
        grace_ms: config.cluster_max_stamp_ahead_ms.into(),
        clock_warning_ms: config.cluster_clock_warning_ms.into(),
        node_timeout_ms: config.cluster_node_timeout_ms.into(),
        databases: u16::try_from(config.databases).unwrap_or(u16::MAX),
        survives: config.appendonly,
    }
}

//! CLUSTER INFO.

use super::{BASE, status};
use crate::base::KEY_SLOTS;
use crate::command::table::{Command, Flags};
use crate::command::{Call, CommandError};
use crate::replication::Status;

pub const INFO: Command = Command {
    name: "info",
    arity: 2,
    flags: Flags::STALE,
    summary: "Returns information about the state of a node.",
    run: info,
    ..BASE
};

fn info(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let text = text(&status(call)?);
    call.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// Every node serves every key at all times, whatever it hears of the others: so the state is `ok` and
/// no slot ever fails. There are no elections, so epochs stay 0.
fn text(status: &Status) -> String {
    let nodes = status.peers.len() + 1;
    format!(
        "cluster_state:ok\r\n\
         cluster_slots_assigned:{KEY_SLOTS}\r\n\
         cluster_slots_ok:{KEY_SLOTS}\r\n\
         cluster_slots_pfail:0\r\n\
         cluster_slots_fail:0\r\n\
         cluster_known_nodes:{nodes}\r\n\
         cluster_size:{nodes}\r\n\
         cluster_current_epoch:0\r\n\
         cluster_my_epoch:0\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::cluster::nodes::tests::peer;

    #[test]
    fn every_slot_is_served_and_every_member_counted() {
        let status = Status { peers: vec![peer(2), peer(3)], ..Status::default() };
        let text = text(&status);
        for line in ["cluster_state:ok", "cluster_slots_ok:16384", "cluster_known_nodes:3"] {
            assert!(text.split("\r\n").any(|found| found == line), "{line} in {text}");
        }
        assert!(text.ends_with("cluster_my_epoch:0\r\n"));
    }
}

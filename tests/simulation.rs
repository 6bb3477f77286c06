//! Whole clusters in virtual time: the replication code that ships, random commands, everything that
//! goes wrong with networks and machines, and an oracle that knows what must be.

#[path = "simulation/simulator/mod.rs"]
mod simulator;

#[path = "simulation/add_wins.rs"]
mod add_wins;
#[path = "simulation/comeback.rs"]
mod comeback;
#[path = "simulation/confirmed.rs"]
mod confirmed;
#[path = "simulation/convergence.rs"]
mod convergence;
#[path = "simulation/counts.rs"]
mod counts;
#[path = "simulation/deadlines.rs"]
mod deadlines;
#[path = "simulation/deletions.rs"]
mod deletions;
#[path = "simulation/heartbeats.rs"]
mod heartbeats;
#[path = "simulation/members.rs"]
mod members;
#[path = "simulation/oracle_itself.rs"]
mod oracle_itself;
#[path = "simulation/replay.rs"]
mod replay;
#[path = "simulation/restarts.rs"]
mod restarts;
#[path = "simulation/stamps.rs"]
mod stamps;
#[path = "simulation/together.rs"]
mod together;

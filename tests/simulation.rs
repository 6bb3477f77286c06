//! Whole clusters in virtual time: the replication code that ships, random commands, everything that
//! goes wrong with networks and machines, and an oracle that knows what must be.

#[path = "simulation/simulator/mod.rs"]
mod simulator;

#[path = "simulation/oracle_itself.rs"]
mod oracle_itself;
#[path = "simulation/convergence.rs"]
mod convergence;

//! Converged means identical: once messages get through, all nodes hold the same, and it is what the
//! table says of everything that was acknowledged, whatever went wrong before.

use crate::simulator::profile::Profile;
use crate::simulator::runner::explore;

#[test]
fn all_nodes_end_with_what_the_table_says() {
    explore("convergence", &Profile::ALL);
}

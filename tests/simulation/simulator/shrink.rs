//! Makes a plan that fails smaller, as long as it still fails.

use super::plan::{Do, NodeIndex, Plan, Step};

/// Runs that looking for a smaller plan may take.
const RUNS_MAX: usize = 600;

/// A smaller plan that fails, and how; `fails` runs a plan.
pub fn shrink(
    plan: Plan,
    error: String,
    fails: impl Fn(&Plan) -> Option<String>,
) -> (Plan, String) {
    let mut found = (plan, error);
    let mut runs = 0;
    let mut try_plan = |found: &mut (Plan, String), plan: Plan| {
        runs += 1;
        let error = if runs < RUNS_MAX { fails(&plan) } else { None };
        let fails = error.is_some();
        if let Some(error) = error {
            *found = (plan, error);
        }
        fails
    };
    let mut chunk = found.0.steps.len().div_ceil(2);
    while chunk > 0 {
        let mut at = 0;
        let mut is_smaller = false;
        while at < found.0.steps.len() {
            let end = (at + chunk).min(found.0.steps.len());
            let mut plan = found.0.clone();
            plan.steps.drain(at..end);
            match try_plan(&mut found, plan) {
                true => is_smaller = true,
                false => at = end,
            }
        }
        // Once more with the same size: what stood in the way may be gone.
        if !is_smaller || chunk > 1 {
            chunk /= 2;
        }
    }
    while found.0.setting.nodes > 2 && !names(&found.0.steps, found.0.setting.nodes - 1) {
        let mut plan = found.0.clone();
        plan.setting.nodes -= 1;
        if !try_plan(&mut found, plan) {
            break;
        }
    }
    found
}

/// Whether a node runs commands.
fn names(steps: &[Step], node: NodeIndex) -> bool {
    steps.iter().any(|step| matches!(step.what, Do::Command(other, _) if other == node))
}

//! The deadline of one member, for the commands of keys (TTL, PTTL and PERSIST, which KeyDB extends to
//! members) and of sets (FIELDTTL).

use super::time_unit::TimeUnit;
use super::{Call, CommandError};
use crate::store::{EventClasses, Missing};

// What is said instead of a time.
const NO_DEADLINE: i64 = -1;
const NO_KEY: i64 = -2;

/// TTL key member, PTTL key member
///
/// # Errors
/// The key is not a set.
pub fn ttl(call: &mut Call<'_, '_>, unit: TimeUnit) -> Result<(), CommandError> {
    reply_ttl(call, unit, NO_KEY)
}

/// Replies how long the member (argument 2) of the set (argument 1) has left; `if_no_member` when it is
/// not in.
///
/// # Errors
/// The key is not a set.
pub fn reply_ttl(
    call: &mut Call<'_, '_>,
    unit: TimeUnit,
    if_no_member: i64,
) -> Result<(), CommandError> {
    let ttl = match call.keys.set(call.key(1))? {
        None => NO_KEY,
        Some(set) => match set.deadline(&call.args[2]) {
            None => if_no_member,
            Some(None) => NO_DEADLINE,
            Some(Some(at_ms)) => unit.of_ms(at_ms.saturating_sub(call.now_ms())),
        },
    };
    call.reply.integer(ttl);
    Ok(())
}

/// PERSIST key member
///
/// # Errors
/// The key is not a set.
pub fn persist(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (key, args) = (call.key(1), call.args);
    let persisted = call.keys.edit_set(key, Missing::Skip, |set| {
        let expires = matches!(set.view().deadline(&args[2]), Some(Some(_)));
        expires && set.set_member_deadline(&args[2], None)
    })?;
    if persisted == Some(true) {
        call.keys.notify(EventClasses::SET, "spersist", key);
    }
    call.reply.integer(i64::from(persisted == Some(true)));
    Ok(())
}

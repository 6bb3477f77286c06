//! Adding elements, and other HyperLogLogs: PFADD, PFMERGE.

use super::sparse_max_bytes;
use crate::base::hll::{self, Form, Ranks};
use crate::command::{Call, CommandError};
use crate::store::{EventClasses, KeyRef};

pub(super) fn pfadd(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.key(1);
    let elements = call.args.from(2);
    let raised: Vec<(u16, u8)> = elements.iter().map(hll::hash).collect();
    let is_changed = if call.keys.tells_cells() {
        raise_cells(call, key, raised)?
    } else {
        raise_text(call, key, &raised)?
    };
    if is_changed {
        call.keys.notify(EventClasses::STRING, "pfadd", key);
    }
    call.reply.integer(is_changed.into());
    Ok(())
}

/// A string that is changed in place; true when it is new, or a register rose.
fn raise_text(
    call: &mut Call<'_, '_>,
    key: KeyRef<'_>,
    raised: &[(u16, u8)],
) -> Result<bool, CommandError> {
    let is_new = match call.keys.text(key)? {
        None => true,
        Some(text) => {
            hll::form(&text)?;
            false
        }
    };
    if raised.is_empty() && !is_new {
        return Ok(false);
    }
    let limit = sparse_max_bytes(call);
    Ok(call.keys.raise_in_text(key, raised, false, limit)?? || is_new)
}

/// Registers over a string; those that do not rise are not told to anybody.
fn raise_cells(
    call: &mut Call<'_, '_>,
    key: KeyRef<'_>,
    mut raised: Vec<(u16, u8)>,
) -> Result<bool, CommandError> {
    // The common case does not look at all registers.
    if let Some(rising) = call.keys.rising(key, &raised)? {
        if !rising.is_empty() {
            call.keys.raise_registers(key, &rising);
        }
        return Ok(!rising.is_empty());
    }
    let known = ranks(call, key)?;
    if let Some((ranks, _)) = &known {
        raised.retain(|(register, rank)| ranks[usize::from(*register)] < *rank);
    }
    let is_changed = known.is_none() || !raised.is_empty();
    if is_changed {
        call.keys.raise_registers(key, &raised);
    }
    Ok(is_changed)
}

pub(super) fn pfmerge(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.key(1);
    let (mut all, mut is_dense) = (Box::new([0; hll::REGISTERS]), false);
    for index in 1..call.args.len() {
        if let Some((ranks, form)) = ranks(call, call.key(index))? {
            join(&mut all, &ranks);
            is_dense |= form == Form::Dense;
        }
    }
    call.keys.notify_missed(true);
    let each = (0..).zip(all.iter()).map(|(register, rank)| (register, *rank));
    let raised: Vec<(u16, u8)> = each.filter(|(_, rank)| *rank > 0).collect();
    if call.keys.tells_cells() {
        raise_cells(call, key, raised)?;
    } else {
        // A limit that no sparse one keeps makes it dense.
        let limit = if is_dense { 0 } else { sparse_max_bytes(call) };
        if is_dense {
            call.keys.make_dense(key)??;
        }
        call.keys.raise_in_text(key, &raised, true, limit)??;
    }
    // As in Redis it is another PFADD.
    call.keys.notify(EventClasses::STRING, "pfadd", key);
    call.reply.ok();
    Ok(())
}

/// The registers of a key and its form; `None`: there is none.
pub(super) fn ranks(
    call: &Call<'_, '_>,
    key: KeyRef<'_>,
) -> Result<Option<(Box<Ranks>, Form)>, CommandError> {
    if let Some(ranks) = call.keys.held_ranks(key)? {
        return Ok(Some((ranks, Form::Sparse)));
    }
    match call.keys.text(key)? {
        None => Ok(None),
        Some(text) => Ok(Some((hll::ranks(&text)?, hll::form(&text)?))),
    }
}

pub(super) fn join(all: &mut Ranks, other: &Ranks) {
    all.iter_mut().zip(other).for_each(|(rank, other)| *rank = (*rank).max(*other));
}

//! CLIENT ID, GETNAME, SETNAME, SETINFO: who a connection is.

use super::OWN;
use crate::command::connection::BASE;
use crate::command::table::Command;
use crate::command::{Call, CommandError};

pub const ID: Command = Command {
    name: "id",
    arity: 2,
    flags: OWN,
    since: "5.0.0",
    summary: "Returns the unique client ID of the connection.",
    run: id,
    ..BASE
};

pub const GETNAME: Command = Command {
    name: "getname",
    arity: 2,
    flags: OWN,
    since: "2.6.9",
    summary: "Returns the name of the connection.",
    run: getname,
    ..BASE
};

pub const SETNAME: Command = Command {
    name: "setname",
    arity: 3,
    flags: OWN,
    since: "2.6.9",
    summary: "Sets the connection name.",
    syntax: "connection-name",
    run: setname,
    ..BASE
};

pub const SETINFO: Command = Command {
    name: "setinfo",
    arity: 4,
    flags: OWN,
    since: "7.2.0",
    summary: "Sets information specific to the client or connection.",
    syntax: "<LIB-NAME libname | LIB-VER libver>",
    run: setinfo,
    ..BASE
};

pub const INVALID_NAME: CommandError =
    CommandError::fixed("ERR Client names cannot contain spaces, newlines or special characters.");

/// Whether a text may stand in a line of CLIENT LIST: printable ASCII without spaces.
#[must_use]
pub fn valid_attribute(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_graphic)
}

/// Names the connection; an empty name takes it back. The caller has found the name valid.
pub fn set_name(call: &Call<'_, '_>, name: &[u8]) {
    let name = String::from_utf8_lossy(name).into_owned();
    call.session.client.edit_names(|names| names.name = name);
}

fn id(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    call.reply.integer(call.session.client.id.cast_signed());
    Ok(())
}

fn getname(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let name = call.session.client.names().name;
    if name.is_empty() {
        call.reply.null()
    } else {
        call.reply.bulk(name.as_bytes())
    }
    Ok(())
}

fn setname(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    if !valid_attribute(&call.args[2]) {
        return Err(INVALID_NAME);
    }
    set_name(call, &call.args[2]);
    call.reply.ok();
    Ok(())
}

fn setinfo(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (attribute, value) = (&call.args[2], &call.args[3]);
    let is_name = attribute.eq_ignore_ascii_case(b"lib-name");
    let shown = String::from_utf8_lossy(attribute);
    if !is_name && !attribute.eq_ignore_ascii_case(b"lib-ver") {
        return Err(CommandError::text(format!("ERR Unrecognized option '{shown}'")));
    }
    if !valid_attribute(value) {
        let problem = "cannot contain spaces, newlines or special characters.";
        return Err(CommandError::text(format!("ERR {shown} {problem}")));
    }
    let value = String::from_utf8_lossy(value).into_owned();
    call.session.client.edit_names(|names| {
        *if is_name { &mut names.library_name } else { &mut names.library_version } = value;
    });
    call.reply.ok();
    Ok(())
}

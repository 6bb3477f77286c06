//! Which server a subcommand works on, and as whom.

use super::target::{Target, TargetOptions};

/// A server, and who is to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub target: Target,
    pub user: Option<Vec<u8>>,
    pub password: Option<Vec<u8>>,
}

/// The options of a [`Login`], as a synopsis has them.
pub const LOGIN_SYNOPSIS: &str =
    "[--host HOST] [--port PORT | --socket PATH]\n       [--user NAME] [--pass PASSWORD]";

/// `[--host HOST] [--port PORT | --socket PATH] [--user NAME] [--pass PASSWORD]`, as far as they have been
/// read.
#[derive(Debug, Default)]
pub struct LoginOptions {
    target: TargetOptions,
    user: Option<Vec<u8>>,
    password: Option<Vec<u8>>,
}

impl LoginOptions {
    /// Takes an option with its value; false if it is none of these.
    ///
    /// # Errors
    /// What is wrong with the value.
    pub fn take(&mut self, option: &[u8], value: &[u8]) -> Result<bool, String> {
        match option {
            b"--user" => self.user = Some(value.to_vec()),
            b"--pass" => self.password = Some(value.to_vec()),
            _ => return self.target.take(option, value),
        }
        Ok(true)
    }

    /// # Errors
    /// The options contradict each other.
    pub fn login(self) -> Result<Login, String> {
        let LoginOptions { target, user, password } = self;
        if user.is_some() && password.is_none() {
            return Err("--user needs --pass".to_owned());
        }
        Ok(Login { target: target.target()?, user, password })
    }
}

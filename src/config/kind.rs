//! What a directive is, and how a value of each kind is read and written.

use std::ops::RangeInclusive;

use super::line::quote;
use super::number::Unit;
use super::{Config, ConfigError};

/// One row of the table.
pub struct Directive {
    /// In lower case, as in redis.conf.
    pub name: &'static str,
    pub change: Change,
    pub kind: Kind,
    /// For the docs: the first line says what it is, the others say more.
    pub about: &'static str,
    /// Values that Redis takes and Headcount does not, each with the reason.
    pub refused: &'static [(&'static str, &'static str)],
    /// The value must not appear in logs.
    pub sensitive: bool,
    /// CONFIG GET and SET know nothing of it.
    pub hidden: bool,
}

/// When a directive may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only before the server starts.
    AtStart,
    /// By CONFIG SET.
    AtRunTime,
    /// By CONFIG SET, where `enable-protected-configs` lets it.
    Protected,
}

/// The values that a directive takes, and where they stand in `Config`.
pub enum Kind {
    /// `yes` or `no`.
    YesNo { get: fn(&Config) -> bool, set: fn(&mut Config, bool) },
    /// A number in a range. `set` answers false if its field is too small for the value.
    Number {
        unit: Unit,
        range: RangeInclusive<i128>,
        get: fn(&Config) -> i128,
        set: fn(&mut Config, i128) -> bool,
    },
    /// One of a few words. `set` answers false if the word is none of them.
    Choice {
        names: &'static [&'static str],
        get: fn(&Config) -> &'static str,
        set: fn(&mut Config, &[u8]) -> bool,
    },
    /// Any bytes: a path, a password.
    Text { get: fn(&Config) -> Vec<u8>, set: fn(&mut Config, &[u8]) -> Result<(), &'static str> },
    /// Several words.
    Words(Words),
    /// Kept, shown, and of no effect; where it is fixed only the default is taken.
    Inert { default: &'static str, is_fixed: bool },
}

/// A directive of its own shape.
pub struct Words {
    /// The arguments, for the docs.
    pub form: &'static str,
    /// As CONFIG GET answers it.
    pub show: fn(&Config) -> String,
    /// The arguments of each line that redis.conf needs for it.
    pub lines: fn(&Config) -> Vec<String>,
    pub set: fn(&mut Config, &[&[u8]]) -> Result<(), &'static str>,
    /// What CONFIG SET does before it sets: there are no lines before it that count.
    pub anew: fn(&mut Config),
}

impl Directive {
    /// A row without special rules.
    pub(super) const fn new(
        name: &'static str,
        change: Change,
        kind: Kind,
        about: &'static str,
    ) -> Directive {
        Directive { name, change, kind, about, refused: &[], sensitive: false, hidden: false }
    }

    /// The same row, with values that are refused.
    pub(super) const fn refusing(
        mut self,
        refused: &'static [(&'static str, &'static str)],
    ) -> Directive {
        self.refused = refused;
        self
    }

    /// The same row, with a value that must not appear in logs.
    pub(super) const fn sensitive(mut self) -> Directive {
        self.sensitive = true;
        self
    }

    /// The same row, unknown to CONFIG GET and SET.
    pub(super) const fn hidden(mut self) -> Directive {
        self.hidden = true;
        self
    }

    /// Whether the directive takes any number of arguments.
    #[must_use]
    pub fn takes_words(&self) -> bool {
        matches!(self.kind, Kind::Words(_))
    }

    /// Sets the directive.
    ///
    /// # Errors
    /// The arguments do not fit; `config` is then as it was.
    pub fn set(&self, config: &mut Config, arguments: &[&[u8]]) -> Result<(), ConfigError> {
        let reason = arguments.first().and_then(|value| self.refusal(value));
        match reason {
            Some(reason) => Err(ConfigError::invalid(reason)),
            None => match self.kind {
                Kind::Inert { default, is_fixed } => {
                    self.keep(config, default, is_fixed, arguments.join(&b' '))
                }
                _ => self.kind.set(config, arguments),
            },
        }
    }

    /// Takes back what earlier lines have set, where lines add up.
    pub(super) fn begin_anew(&self, config: &mut Config) {
        if let Kind::Words(words) = &self.kind {
            (words.anew)(config);
        }
    }

    fn keep(
        &self,
        config: &mut Config,
        default: &str,
        is_fixed: bool,
        value: Vec<u8>,
    ) -> Result<(), ConfigError> {
        if value == default.as_bytes() {
            config.inert.remove(self.name);
        } else if is_fixed {
            return Err(ConfigError::invalid("this version does not do that"));
        } else {
            config.inert.insert(self.name, value);
        }
        Ok(())
    }

    fn refusal(&self, value: &[u8]) -> Option<&'static str> {
        let refused = |(name, _): &&(&str, &str)| name.as_bytes().eq_ignore_ascii_case(value);
        self.refused.iter().find(refused).map(|(_, reason)| *reason)
    }

    /// The value as CONFIG GET answers it.
    #[must_use]
    pub fn show(&self, config: &Config) -> Vec<u8> {
        match &self.kind {
            Kind::YesNo { get, .. } => yes_no(get(config)).into(),
            Kind::Number { unit, get, .. } => unit.show(get(config)).into(),
            Kind::Choice { get, .. } => get(config).into(),
            Kind::Text { get, .. } => get(config),
            Kind::Words(words) => (words.show)(config).into(),
            Kind::Inert { default, .. } => {
                config.inert.get(self.name).cloned().unwrap_or_else(|| (*default).into())
            }
        }
    }

    /// The lines of redis.conf that set this value.
    #[must_use]
    pub fn lines(&self, config: &Config) -> Vec<String> {
        let arguments = match &self.kind {
            Kind::YesNo { get, .. } => vec![yes_no(get(config)).to_owned()],
            Kind::Number { unit, get, .. } => vec![unit.write(get(config))],
            Kind::Choice { get, .. } => vec![get(config).to_owned()],
            Kind::Text { get, .. } => vec![quote(&get(config))],
            Kind::Words(words) => (words.lines)(config),
            Kind::Inert { .. } => vec![quote(&self.show(config))],
        };
        arguments.iter().map(|arguments| format!("{} {arguments}", self.name)).collect()
    }

    /// The values that the directive takes, for people.
    #[must_use]
    pub fn form(&self) -> String {
        match &self.kind {
            Kind::YesNo { .. } => self.accepted(&["yes", "no"]),
            Kind::Choice { names, .. } => self.accepted(names),
            Kind::Number { unit, range, .. } => number_form(*unit, range),
            Kind::Text { .. } => "text".to_owned(),
            Kind::Words(words) => words.form.to_owned(),
            Kind::Inert { default, is_fixed: true } => quote(default.as_bytes()),
            Kind::Inert { .. } => "any".to_owned(),
        }
    }

    fn accepted(&self, names: &[&str]) -> String {
        let accepted = names.iter().filter(|name| self.refusal(name.as_bytes()).is_none());
        accepted.copied().collect::<Vec<_>>().join("|")
    }
}

impl Kind {
    fn set(&self, config: &mut Config, arguments: &[&[u8]]) -> Result<(), ConfigError> {
        match (self, arguments) {
            (Kind::Words(words), _) => (words.set)(config, arguments).map_err(ConfigError::invalid),
            (Kind::YesNo { set, .. }, [value]) => {
                set(config, parse_yes_no(value)?);
                Ok(())
            }
            (Kind::Number { unit, range, set, .. }, [value]) => {
                let number = unit.parse(value).map_err(ConfigError::invalid)?;
                let fits = range.contains(&number) && set(config, number);
                if fits { Ok(()) } else { Err(out_of_range(*unit, range)) }
            }
            (Kind::Choice { names, set, .. }, [value]) => {
                if set(config, value) {
                    Ok(())
                } else {
                    Err(no_such_choice(names))
                }
            }
            (Kind::Text { set, .. }, [value]) => set(config, value).map_err(ConfigError::invalid),
            _ => Err(ConfigError::WrongNumberOfArguments),
        }
    }
}

fn yes_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

fn parse_yes_no(value: &[u8]) -> Result<bool, ConfigError> {
    match value.to_ascii_lowercase().as_slice() {
        b"yes" => Ok(true),
        b"no" => Ok(false),
        _ => Err(ConfigError::invalid("argument must be 'yes' or 'no'")),
    }
}

fn out_of_range(unit: Unit, range: &RangeInclusive<i128>) -> ConfigError {
    let (least, most) = (unit.show(*range.start()), unit.show(*range.end()));
    ConfigError::invalid(format!("argument must be between {least} and {most} inclusive"))
}

fn no_such_choice(names: &[&str]) -> ConfigError {
    let names = names.join(", ");
    ConfigError::invalid(format!("argument(s) must be one of the following: {names}"))
}

/// The bounds of a type, not of the matter, say nothing to people.
fn number_form(unit: Unit, range: &RangeInclusive<i128>) -> String {
    let noun = match unit {
        Unit::Plain => "integer",
        Unit::Memory => "memory size",
        Unit::Octal => "octal mode",
    };
    let least = unit.write(*range.start());
    if *range.end() >= i128::from(i32::MAX) {
        format!("{noun}, at least {least}")
    } else {
        format!("{noun}, {least} to {}", unit.write(*range.end()))
    }
}

//! A script before it runs.

use sha1::{Digest as _, Sha1};

/// What a script is called by: the SHA-1 of its text, in 40 hexadecimal digits of lower case.
pub type Digest = [u8; 40];

/// What a shebang line says of a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScriptFlags {
    /// There was no shebang: it may do what scripts of Redis 6 may.
    pub is_plain: bool,
    pub no_writes: bool,
    pub allow_oom: bool,
}

/// A script.
#[derive(Debug)]
pub struct Script {
    pub digest: Digest,
    pub body: Box<[u8]>,
    pub flags: ScriptFlags,
    /// Where the code begins: behind a shebang, before the end of its line.
    pub code_at: usize,
    /// Whether it can only take as long as its commands do: without loops, without functions, it runs from top to bottom.
    pub is_brief: bool,
}

impl Script {
    /// # Errors
    /// What is wrong with the shebang.
    pub fn new(body: &[u8]) -> Result<Script, String> {
        let (flags, code_at) = read_shebang(body)?;
        let is_brief = is_brief(body.get(code_at..).unwrap_or_default());
        Ok(Script { digest: digest_of(body), body: body.into(), flags, code_at, is_brief })
    }

    pub fn code(&self) -> &[u8] {
        self.body.get(self.code_at..).unwrap_or_default()
    }

    /// Bytes of memory that it takes.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Script>() + self.body.len()
    }
}

/// The name of a script of this text.
pub fn digest_of(body: &[u8]) -> Digest {
    hexadecimal(&Sha1::digest(body))
}

fn hexadecimal(bytes: &[u8]) -> Digest {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digest = [b'0'; 40];
    for (place, byte) in digest.chunks_exact_mut(2).zip(bytes) {
        place[0] = DIGITS[usize::from(byte >> 4)];
        place[1] = DIGITS[usize::from(byte & 15)];
    }
    digest
}

fn read_shebang(body: &[u8]) -> Result<(ScriptFlags, usize), String> {
    if !body.starts_with(b"#!") {
        return Ok((ScriptFlags { is_plain: true, ..ScriptFlags::default() }, 0));
    }
    let end = memchr::memchr(b'\n', body).ok_or("Invalid script shebang")?;
    let line = String::from_utf8_lossy(&body[..end]);
    let mut words = line.split_ascii_whitespace();
    let engine = words.next().unwrap_or_default();
    if engine != "#!lua" {
        return Err(format!("Unexpected engine in script shebang: {engine}"));
    }
    let mut flags = ScriptFlags::default();
    for word in words {
        let Some(names) = word.strip_prefix("flags=") else {
            return Err(format!("Unknown lua shebang option: {word}"));
        };
        for name in names.split(',').filter(|_| !names.is_empty()) {
            match name {
                "no-writes" => flags.no_writes = true,
                "allow-oom" => flags.allow_oom = true,
                // Of nodes that are never stale, and take any key.
                "allow-stale" | "no-cluster" | "allow-cross-slot-keys" => {}
                _ => return Err(format!("Unexpected flag in script shebang: {name}")),
            }
        }
    }
    Ok((flags, end))
}

/// Whether no word of Lua is in it by which anything could be done twice, and no function that works for long on long
/// texts. Words in texts and comments count too: it errs to the safe side.
fn is_brief(code: &[u8]) -> bool {
    const LASTING: &[&[u8]] = &[
        b"while",
        b"repeat",
        b"for",
        b"function",
        b"goto",
        b"loadstring",
        b"load",
        b"sort",
        b"rep",
        b"find",
        b"match",
        b"gmatch",
        b"gfind",
        b"gsub",
        b"foreach",
        b"foreachi",
        b"pcall",
        b"xpcall",
        b"wrap",
        b"resume",
        b"_G",
        b"getmetatable",
        b"setmetatable",
    ];
    const MAX_BYTES: usize = 16 * 1024;
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut words = code.split(|byte| !is_of_word(byte)).filter(|word| !word.is_empty());
    code.len() <= MAX_BYTES && !words.any(|word| LASTING.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(body: &str) -> Result<ScriptFlags, String> {
        Script::new(body.as_bytes()).map(|script| script.flags)
    }

    // The errors are those of Redis 7.0.15.
    #[test]
    fn a_shebang_is_read() {
        let plain = ScriptFlags { is_plain: true, ..ScriptFlags::default() };
        assert_eq!(flags("return 1"), Ok(plain));
        assert_eq!(flags("#!lua\nreturn 1"), Ok(ScriptFlags::default()));
        let both = ScriptFlags { no_writes: true, allow_oom: true, is_plain: false };
        assert_eq!(flags("#!lua flags=no-writes,allow-oom,no-cluster\nreturn 1"), Ok(both));
        let wrong = |body: &str| flags(body).expect_err("refused");
        assert_eq!(wrong("#!lua"), "Invalid script shebang");
        assert_eq!(wrong("#!luajit\n"), "Unexpected engine in script shebang: #!luajit");
        assert_eq!(wrong("#!lua foo=1\n"), "Unknown lua shebang option: foo=1");
        assert_eq!(wrong("#!lua flags=foo\n"), "Unexpected flag in script shebang: foo");
    }

    #[test]
    fn a_script_is_named_by_its_digest() {
        assert_eq!(&digest_of(b"return 1"), b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    }

    #[test]
    fn only_what_cannot_run_on_is_brief() {
        let is_brief = |body: &str| Script::new(body.as_bytes()).is_ok_and(|it| it.is_brief);
        let limiter = "local n = redis.call('INCR', KEYS[1])\nif n == 1 then \
                       redis.call('EXPIRE', KEYS[1], ARGV[1]) end\nreturn n";
        assert!(is_brief(limiter));
        assert!(!is_brief("while true do end"));
        assert!(!is_brief("for i = 1, 1e9 do end"));
        assert!(!is_brief("local function f() return f() end f()"));
        assert!(!is_brief("return ('x'):rep(1e9)"));
        assert!(!is_brief("_G['load'..'string']('while true do end')()"));
    }
}

//! Passwords, of which only hashes are kept.

use sha2::{Digest, Sha256};

/// The SHA-256 of a password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Password([u8; 32]);

/// It must not stand in logs, not even as a hash.
impl std::fmt::Debug for Password {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Password")
    }
}

impl Password {
    #[must_use]
    pub fn of(password: &[u8]) -> Password {
        Password(Sha256::digest(password).into())
    }

    /// From 64 hexadecimal digits, in lower case.
    #[must_use]
    pub fn from_hex(text: &[u8]) -> Option<Password> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let mut hash = [0; 32];
        let (pairs, rest) = text.as_chunks::<2>();
        if pairs.len() != hash.len() || !rest.is_empty() {
            return None;
        }
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Password(hash))
    }

    #[must_use]
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Compares in a time that does not tell how much is equal.
    #[must_use]
    pub fn is(&self, other: &Password) -> bool {
        let different = |all: u8, (left, right): (&u8, &u8)| all | (left ^ right);
        std::hint::black_box(self.0.iter().zip(&other.0).fold(0, different)) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_redis() {
        let hex = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
        assert_eq!(Password::of(b"secret").hex(), hex);
        let read = Password::from_hex(hex.as_bytes()).expect("it is a hash");
        assert!(read.is(&Password::of(b"secret")) && !read.is(&Password::of(b"Secret")));
        let upper = hex.to_ascii_uppercase();
        for wrong in [&hex[1..], &format!("{hex}0"), &upper, ""] {
            assert!(Password::from_hex(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}

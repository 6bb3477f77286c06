//! Key slots: the 16384 parts of the key space, as Redis Cluster has them.

/// How many there are.
pub const KEY_SLOTS: usize = 16_384;

/// The slot of a key: CRC16 of its name, or, when that holds `{tag}` with something in it, of the
/// first such tag, so that related keys can be kept together.
#[must_use]
pub fn key_slot(name: &[u8]) -> u16 {
    crc16(hash_tag(name).unwrap_or(name)) % KEY_SLOTS as u16
}

/// From the first `{` to the first `}` after it, unless there is nothing between.
fn hash_tag(name: &[u8]) -> Option<&[u8]> {
    let open = memchr::memchr(b'{', name)?;
    let inside = &name[open + 1..];
    let close = memchr::memchr(b'}', inside)?;
    (close > 0).then(|| &inside[..close])
}

/// CRC-16/XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| crc << 8 ^ CRC16[usize::from((crc >> 8) as u8 ^ byte)])
}

const CRC16: [u16; 256] = table();

const fn table() -> [u16; 256] {
    const POLYNOMIAL: u16 = 0x1021;
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ POLYNOMIAL };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What redis-server 7.0 answers to CLUSTER KEYSLOT.
    #[test]
    fn slots_are_those_of_redis_cluster() {
        let slots: [(&[u8], u16); 19] = [
            (b"", 0),
            (b"foo", 12_182),
            (b"bar", 5_061),
            (b"123456789", 12_739),
            (b"foo{hash_tag}", 2_515),
            (b"hash_tag", 2_515),
            (b"{user1000}.following", 3_443),
            (b"{user1000}.followers", 3_443),
            (b"user1000", 3_443),
            (b"foo{}{bar}", 8_363),
            (b"foo{{bar}}zap", 4_015),
            (b"{bar", 4_015),
            (b"foo{bar}{zap}", 5_061),
            (b"{}", 15_257),
            (b"a{", 14_311),
            (b"a}b{c}", 7_365),
            (b"x{}", 2_608),
            (b"\x00\xff", 7_920),
            (b"\x80{\xe9}", 11_271),
        ];
        for (name, slot) in slots {
            assert_eq!(key_slot(name), slot, "{}", name.escape_ascii());
        }
    }
}

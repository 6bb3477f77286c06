//! Key slots, as Redis Cluster numbers them: keys by groups that every node computes alike.

/// How many there are.
pub const KEY_SLOTS: usize = 16_384;

/// The slot of a key's name: CRC16 of what stands in its first `{…}`, or of the whole name where that is
/// empty or missing.
#[must_use]
pub fn key_slot(name: &[u8]) -> u16 {
    crc16(tag(name)) % KEY_SLOTS as u16
}

fn tag(name: &[u8]) -> &[u8] {
    let tag = memchr::memchr(b'{', name).and_then(|open| {
        let behind = &name[open + 1..];
        memchr::memchr(b'}', behind).map(|close| &behind[..close])
    });
    tag.filter(|tag| !tag.is_empty()).unwrap_or(name)
}

/// CRC16/XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| crc << 8 ^ CRC16[usize::from((crc >> 8) as u8 ^ byte)])
}

const CRC16: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// As `CLUSTER KEYSLOT` of redis-server answers.
    #[test]
    fn slots_are_redis_s() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        for (name, slot) in [
            (&b"somekey"[..], 11_058),
            (b"foo{hash_tag}", 2_515),
            (b"bar{hash_tag}", 2_515),
            (b"hash_tag", 2_515),
            (b"", 0),
            // Only the first `{` counts, and only with something before the first `}` behind it.
            (b"foo{}{bar}", 8_363),
            (b"foo{{bar}}zap", 4_015),
            (b"}{open", 5_669),
        ] {
            assert_eq!(key_slot(name), slot, "{}", name.escape_ascii());
        }
    }
}

//! Frames: messages as they travel on a peer connection.
//!
//! A header of 16 bytes, numbers in little endian, then the payload:
//!
//! | bytes | what |
//! |---|---|
//! | 0 | `0xC0` + the version of this format |
//! | 1 | kind: what the payload is |
//! | 2 | flags: 1 = the payload is an LZ4 block behind its original length (4 bytes) |
//! | 3 | 0 |
//! | 4–7 | number: counts the frames of this direction of this connection from 0 |
//! | 8–11 | length of the payload |
//! | 12–15 | CRC-32C of the header before it, number 0, and the payload; xor CRC-32C of the number |
//!
//! So what is costly (compressing, the checksum of the payload) is done once for all connections.

use bytes::{Buf, Bytes, BytesMut};

/// Bytes of a frame before its payload.
pub const HEADER_BYTES: usize = 16;

const MAGIC: u8 = 0xC0;
const VERSION: u8 = 1;
const LZ4: u8 = 1;
/// Smaller payloads are not worth compressing.
const COMPRESS_FROM_BYTES: usize = 4 << 10;
/// No LZ4 block holds more than so many times its own length.
const LZ4_RATIO_MAX: usize = 255;
/// A reader keeps a buffer of that size; what a larger frame took is given back.
const BUFFER_KEPT_BYTES: usize = 256 << 10;

/// A message in the form in which it is sent, made once for all connections.
#[derive(Clone, Debug)]
pub struct SealedFrame {
    kind: u8,
    flags: u8,
    payload: Bytes,
    /// Of the header with number 0, and the payload.
    checksum: u32,
}

impl SealedFrame {
    /// Compresses a large payload if that makes it smaller. `payload`: less than 4 GiB, and no more
    /// than the reader's limit, or the reader closes the connection.
    #[must_use]
    pub fn new(kind: u8, payload: Vec<u8>) -> SealedFrame {
        let (flags, payload) = match compressed(&payload) {
            Some(compressed) => (LZ4, compressed),
            None => (0, payload),
        };
        let head = head(kind, flags, 0, payload.len());
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&head), &payload);
        SealedFrame { kind, flags, payload: payload.into(), checksum }
    }

    #[must_use]
    pub fn kind(&self) -> u8 {
        self.kind
    }

    /// Bytes that it keeps in memory, and on the wire behind the header.
    #[must_use]
    pub fn len(&self) -> usize {
        self.payload.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.payload.is_empty()
    }

    /// What goes out first, when this is frame `number` of its connection.
    #[must_use]
    pub fn header(&self, number: u32) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        let (front, checksum) = header.split_at_mut(12);
        front.copy_from_slice(&head(self.kind, self.flags, number, self.payload.len()));
        checksum.copy_from_slice(&(self.checksum ^ number_checksum(number)).to_le_bytes());
        header
    }

    /// Whether the payload is to be decompressed.
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        self.flags & LZ4 != 0
    }

    /// What goes out behind the header.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Header and payload in one.
    #[must_use]
    pub fn encode(&self, number: u32) -> Vec<u8> {
        [&self.header(number)[..], &self.payload].concat()
    }
}

/// The header without its checksum.
fn head(kind: u8, flags: u8, number: u32, len: usize) -> [u8; 12] {
    let [n0, n1, n2, n3] = number.to_le_bytes();
    let [l0, l1, l2, l3] = u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
    [MAGIC | VERSION, kind, flags, 0, n0, n1, n2, n3, l0, l1, l2, l3]
}

/// 0 for number 0.
fn number_checksum(number: u32) -> u32 {
    crc32c::crc32c(&number.to_le_bytes()) ^ crc32c::crc32c(&[0; 4])
}

/// A smaller payload that means the same, if there is one.
fn compressed(payload: &[u8]) -> Option<Vec<u8>> {
    if payload.len() <= COMPRESS_FROM_BYTES {
        return None;
    }
    let compressed = lz4_flex::block::compress_prepend_size(payload);
    (compressed.len() < payload.len()).then_some(compressed)
}

/// A message that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub payload: Bytes,
}

/// Why a connection cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("what came is not from a peer")]
    Foreign,
    #[error("a frame of version {version}; this node reads version {VERSION}")]
    NewerVersion { version: u8 },
    #[error("a damaged frame")]
    Damaged,
    #[error("a frame of {bytes} bytes; no more than {limit_bytes} are read")]
    TooLong { bytes: usize, limit_bytes: usize },
    #[error("frame {number} in place of {expected}")]
    OutOfOrder { number: u32, expected: u32 },
}

/// Reads frames from bytes that come in any pieces.
///
/// It holds no more than what came, whatever length a header announces.
#[derive(Debug)]
pub struct FrameReader {
    buffer: BytesMut,
    /// Of a payload, before and after decompression.
    limit_bytes: usize,
    expected: u32,
    error: Option<FrameError>,
}

/// The parts of a header that are not checked by being compared.
struct Header {
    kind: u8,
    flags: u8,
    number: u32,
    len: usize,
    checksum: u32,
}

impl FrameReader {
    /// `limit_bytes`: of a payload.
    #[must_use]
    pub fn new(limit_bytes: usize) -> FrameReader {
        FrameReader { buffer: BytesMut::new(), limit_bytes, expected: 0, error: None }
    }

    /// Holds for frames that are not read yet.
    pub fn set_limit(&mut self, limit_bytes: usize) {
        self.limit_bytes = limit_bytes;
    }

    /// Takes in what has come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Where to append what comes, without copying.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next message; `None`: more has to come. Frames that have come before are skipped.
    ///
    /// # Errors
    /// The connection is to be closed. Further calls give the same error.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let read = self.read();
        self.error = read.as_ref().err().copied();
        read
    }

    fn read(&mut self) -> Result<Option<Frame>, FrameError> {
        while let Some(header) = self.header()? {
            if self.buffer.len() - HEADER_BYTES < header.len {
                return Ok(None);
            }
            let payload = self.cut(header.len);
            if checksum(&header, &payload) != header.checksum || header.flags & !LZ4 != 0 {
                return Err(FrameError::Damaged);
            }
            if self.is_next(header.number)? {
                return self.open(&header, payload).map(Some);
            }
        }
        Ok(None)
    }

    /// The header that the buffer begins with, once it is there.
    fn header(&self) -> Result<Option<Header>, FrameError> {
        match self.buffer.first() {
            None => return Ok(None),
            Some(first) if first & 0xF0 != MAGIC => return Err(FrameError::Foreign),
            Some(first) if first & 0x0F > VERSION => {
                return Err(FrameError::NewerVersion { version: first & 0x0F });
            }
            Some(first) if first & 0x0F < VERSION => return Err(FrameError::Damaged),
            Some(_) => {}
        }
        let Some(mut bytes) = self.buffer.get(..HEADER_BYTES) else { return Ok(None) };
        bytes.advance(1);
        let (kind, flags, zero) = (bytes.get_u8(), bytes.get_u8(), bytes.get_u8());
        let (number, len) = (bytes.get_u32_le(), bytes.get_u32_le() as usize);
        if zero != 0 {
            return Err(FrameError::Damaged);
        }
        self.check_len(len)?;
        Ok(Some(Header { kind, flags, number, len, checksum: bytes.get_u32_le() }))
    }

    /// Takes the frame that the buffer begins with out of it, and keeps the payload.
    fn cut(&mut self, len: usize) -> Bytes {
        self.buffer.advance(HEADER_BYTES);
        let payload = self.buffer.split_to(len).freeze();
        if len > BUFFER_KEPT_BYTES {
            // Else the buffer would be as large as its largest frame for ever.
            self.buffer = BytesMut::from(&self.buffer[..]);
        }
        payload
    }

    /// Whether the frame is the one that is due; false: it has come before.
    fn is_next(&mut self, number: u32) -> Result<bool, FrameError> {
        let expected = self.expected;
        // They wrap around, so what matters is which way is shorter.
        match number.wrapping_sub(expected) {
            0 => {
                self.expected = expected.wrapping_add(1);
                Ok(true)
            }
            ahead if ahead < 1 << 31 => Err(FrameError::OutOfOrder { number, expected }),
            _ => Ok(false),
        }
    }

    fn open(&self, header: &Header, payload: Bytes) -> Result<Frame, FrameError> {
        let kind = header.kind;
        if header.flags & LZ4 == 0 {
            return Ok(Frame { kind, payload });
        }
        Ok(Frame { kind, payload: decompress(&payload, self.limit_bytes)?.into() })
    }

    fn check_len(&self, bytes: usize) -> Result<(), FrameError> {
        check_len(bytes, self.limit_bytes)
    }
}

/// What a compressed payload means.
///
/// # Errors
/// It is damaged, or longer than `limit_bytes`.
pub fn decompress(payload: &[u8], limit_bytes: usize) -> Result<Vec<u8>, FrameError> {
    let damaged = |_| FrameError::Damaged;
    let (len, block) = lz4_flex::block::uncompressed_size(payload).map_err(damaged)?;
    check_len(len, limit_bytes)?;
    if len > block.len().saturating_mul(LZ4_RATIO_MAX) {
        return Err(FrameError::Damaged);
    }
    let payload = lz4_flex::block::decompress(block, len).map_err(damaged)?;
    if payload.len() != len {
        return Err(FrameError::Damaged);
    }
    Ok(payload)
}

fn check_len(bytes: usize, limit_bytes: usize) -> Result<(), FrameError> {
    if bytes > limit_bytes {
        return Err(FrameError::TooLong { bytes, limit_bytes });
    }
    Ok(())
}

fn checksum(header: &Header, payload: &[u8]) -> u32 {
    let head = head(header.kind, header.flags, 0, header.len);
    let of_frame = crc32c::crc32c_append(crc32c::crc32c(&head), payload);
    of_frame ^ number_checksum(header.number)
}

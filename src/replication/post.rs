//! What is published on one node, on its way to the subscribers of the others: messages of channels, one after the
//! other. They are no part of the state: one that does not arrive is not sent again.
//!
//! | field | form |
//! |---|---|
//! | space | 0: a channel, 1: a shard channel |
//! | channel, payload | bytes behind their length |

use crate::base::codec::{Malformed, Reader, put_bytes};

/// A message of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Post<'a> {
    /// Whether it is of a shard channel.
    pub is_sharded: bool,
    pub channel: &'a [u8],
    pub payload: &'a [u8],
}

impl<'a> Post<'a> {
    /// Puts it behind others.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_sharded));
        put_bytes(out, self.channel);
        put_bytes(out, self.payload);
    }

    /// Those of a frame.
    ///
    /// # Errors
    /// The frame is not one of messages.
    pub fn read_all(frame: &'a [u8]) -> Result<Vec<Post<'a>>, Malformed> {
        let (mut reader, mut posts) = (Reader::new(frame), Vec::new());
        while !reader.is_empty() {
            let is_sharded = match reader.byte()? {
                0 => false,
                1 => true,
                _ => return Err(Malformed("a message of a channel")),
            };
            posts.push(Post { is_sharded, channel: reader.bytes()?, payload: reader.bytes()? });
        }
        Ok(posts)
    }

    /// Bytes that it takes at most.
    #[must_use]
    pub fn len_max(&self) -> usize {
        const LENGTHS: usize = 1 + 2 * 10;
        LENGTHS + self.channel.len() + self.payload.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_written_is_read() {
        let posts = [
            Post { is_sharded: false, channel: b"news", payload: b"" },
            Post { is_sharded: true, channel: b"", payload: &[0xff; 300] },
        ];
        let mut frame = Vec::new();
        for post in posts {
            let before = frame.len();
            post.write(&mut frame);
            assert!(frame.len() - before <= post.len_max());
        }
        assert_eq!(Post::read_all(&frame), Ok(posts.to_vec()));
        for end in 1..frame.len() {
            let is_whole = end == 1 + 5 + 1;
            assert_eq!(Post::read_all(&frame[..end]).is_ok(), is_whole, "{end}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(frame: Vec<u8>) {
            if let Ok(posts) = Post::read_all(&frame) {
                let bytes: usize = posts.iter().map(|post| post.channel.len() + post.payload.len()).sum();
                prop_assert!(bytes <= frame.len());
            }
        }
    }
}

//! A connection that this node has made: it sends what the engine has for that peer.

use super::outbox::Outbox;
use super::shared::Link;
use super::wire::{LinkError, Wire};
use bytes::Buf;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::task::yield_now;

/// Frames are taken from the engine up to so many bytes before they are written.
const BATCH_BYTES: usize = 256 << 10;
/// No more of them than one system call writes, two pieces each.
const BATCH_FRAMES: usize = 32;

/// Returns why it has ended.
pub async fn send_until_closed(link: &Link, wire: Wire) -> LinkError {
    let (mut stream, outbox) = wire.into_parts();
    let (reader, writer) = stream.split();
    tokio::select! {
        reason = link.signals.closing() => LinkError::Told(reason),
        error = watch(reader) => error,
        sent = send(link, writer, outbox) => match sent {
            Ok(()) => LinkError::Told("this node leaves".to_owned()),
            Err(error) => error.into(),
        },
    }
}

/// Waits for the end: the peer has nothing to say here.
async fn watch(mut reader: ReadHalf<'_>) -> LinkError {
    match reader.read(&mut [0]).await {
        Ok(0) => LinkError::Closed,
        Ok(_) => LinkError::OutOfTurn,
        Err(error) => error.into(),
    }
}

/// Writes what the engine has, as fast as the socket takes it, until the node leaves.
async fn send(link: &Link, mut writer: WriteHalf<'_>, mut outbox: Outbox) -> std::io::Result<()> {
    loop {
        // What the socket does not take stays with the engine, which bounds it.
        writer.writable().await?;
        pull(link, &mut outbox);
        if outbox.has_remaining() {
            writer.write_all_buf(&mut outbox).await?;
            // A socket that takes everything at once must not keep others waiting.
            yield_now().await;
        } else if link.shared.leaving.get() {
            return writer.shutdown().await;
        } else {
            link.signals.wake.notified().await;
        }
    }
}

fn pull(link: &Link, outbox: &mut Outbox) {
    link.shared.engine(|engine, _, now| {
        for _ in 0..BATCH_FRAMES {
            match engine.next_frame(link.id) {
                Some(frame) => outbox.push(&frame),
                None => break,
            }
            if outbox.remaining() >= BATCH_BYTES {
                break;
            }
        }
        // Both go on, however much of the other there is.
        let engine_bytes = outbox.remaining();
        while outbox.remaining() < engine_bytes + BATCH_BYTES
            && let Some(frame) = link.signals.next_post()
        {
            outbox.push(&frame);
        }
        engine.transferred(link.id, outbox.remaining() as u64, now);
    });
}

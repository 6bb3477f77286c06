//! One connection: read what has arrived, execute the whole pipeline, answer it in one write.
//!
//! Everything that waits happens between batches, so a connection that waits holds none of what it
//! shares with the others of its thread.

mod waiting;

use super::attention::Attention;
use super::requests::Requests;
use super::scratch::{READ_BYTES, Replies, Scratch, WRITE_BYTES};
use super::stream::Stream;
use super::unsent::{Stuck, Unsent};
use super::workers::Shared;
use crate::command::{After, Batch, Session};
use crate::config::Config;
use crate::node::ClientHandle;
use crate::node::clients::flag;
use crate::node::clock::unix_ms;
use crate::resp::{Limits, ReplyWriter, RequestParser};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};

/// Requests that are parsed, and their keys prefetched, before the first is executed.
const BATCH_REQUESTS: usize = 1024;
/// A client that writes a long pipeline before it reads is listened to until so much waits for it:
/// if neither went on, both would wait for ever. Then it has to read first.
const UNREAD_MAX_BYTES: usize = 256 << 20;
/// A client's own input buffer is kept, when it is empty, up to this size.
const KEPT_INPUT_BYTES: usize = 16 * 1024;
/// Parsed requests know their places by 32 bits, whatever client-query-buffer-limit says.
const MAX_INPUT_BYTES: u64 = u32::MAX as u64 - READ_BYTES as u64;

/// Why a connection ends.
#[derive(Debug)]
enum End {
    /// The client closed it, or asked to.
    Closed,
    /// It was killed, or the server stops.
    Ended,
    /// More input waits for the rest of a request than client-query-buffer-limit allows.
    QueryBuffer,
    /// More output waits than client-output-buffer-limit allows.
    OutputBuffer,
    Io(io::Error),
}

/// Why a batch ended.
enum Stop {
    /// All that has arrived whole was executed.
    Starved,
    /// There may be more, but the others of the thread come first.
    Full,
    /// The next request waits for CLIENT PAUSE to end.
    Paused { writes: bool },
    /// The last command asked for something: see [`Session::after`].
    After,
    /// What follows cannot be read.
    Broken,
}

struct Connection<'c> {
    shared: &'c Shared,
    stream: Stream,
    session: Session,
    parser: RequestParser,
    attention: Attention<'c>,
    /// What has arrived and is not executed: part of a request, or requests that wait for something.
    input: Vec<u8>,
    /// The whole ones among it.
    requests: Requests,
    unsent: Unsent,
}

/// Serves a client until its connection ends.
pub async fn serve(shared: Rc<Shared>, stream: Stream, client: Arc<ClientHandle>) {
    let mut session = Session::new(client.clone(), &shared.node.access);
    session.hands_over = true;
    let mut connection = Connection {
        shared: &shared,
        stream,
        session,
        parser: RequestParser::default(),
        attention: Attention::new(&shared.node, &client),
        input: Vec::new(),
        requests: Requests::default(),
        unsent: Unsent::default(),
    };
    let Err(end) = connection.run().await;
    connection.session.forget(&shared.node.keyspace);
    match end {
        End::Closed | End::Ended => tracing::debug!("Client {} closed", client.addr),
        End::Io(error) => tracing::debug!("Client {} lost: {error}", client.addr),
        End::QueryBuffer => tracing::warn!(
            "Closing client {} (id {}) that reached max query buffer length",
            client.addr,
            client.id
        ),
        End::OutputBuffer => tracing::warn!(
            "Client {} (id {}) closed for overcoming of output buffer limits",
            client.addr,
            client.id
        ),
    }
}

impl Connection<'_> {
    async fn run(&mut self) -> Result<std::convert::Infallible, End> {
        loop {
            let fresh = self.read().await?;
            let mut stop = self.execute_fresh(fresh);
            loop {
                self.sleep().await?;
                self.await_disk().await?;
                match stop {
                    Stop::Starved => self.send_after_others().await?,
                    _ => self.send().await?,
                }
                match stop {
                    Stop::Starved => break,
                    Stop::Full => tokio::task::yield_now().await,
                    Stop::Paused { writes } => self.sit_out_pause(writes).await?,
                    Stop::After => self.follow_up().await?,
                    Stop::Broken => return Err(self.close().await),
                }
                if self.session.client.killed() {
                    return Err(End::Ended);
                }
                stop = self.execute_kept();
            }
            self.check_input()?;
        }
    }

    /// Waits until something arrives, in the thread's input buffer, and tells how much. Meanwhile
    /// sends what waits, and passes on what others send to this client.
    async fn read(&mut self) -> Result<usize, End> {
        loop {
            if self.attention.must_end() {
                return Err(End::Ended);
            }
            // What others send has bounds of its own as long as it is not among the replies.
            self.pass_on_messages().await?;
            match poll_fn(|context| self.poll_read(context)).await? {
                None => {}
                Some(0) => return Err(self.close().await),
                Some(count) => return Ok(count),
            }
        }
    }

    /// None: the connection was called, or all that waited is sent.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<usize>, End>> {
        if self.attention.poll(context).is_ready() {
            return Poll::Ready(Ok(None));
        }
        if !self.unsent.is_empty()
            && let Poll::Ready(sent) = self.poll_send(context)
        {
            return Poll::Ready(sent.map(|()| None));
        }
        // Through `poll_read`, which knows that a read that did not fill the buffer has emptied the
        // socket, and saves the second one that would find nothing.
        let input = &mut self.shared.scratch.borrow_mut().input;
        let mut buffer = ReadBuf::new(input);
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
        Poll::Ready(read.map(|()| Some(buffer.filled().len())).map_err(End::Io))
    }

    /// What has been done before it was said is on disk before it is heard, as with replies.
    async fn pass_on_messages(&mut self) -> Result<(), End> {
        while self.unsent.is_empty() && self.collect_messages() {
            self.await_disk().await?;
            self.send().await?;
        }
        Ok(())
    }

    /// Puts messages among the replies, until they are as many as are written at once; false: there are none.
    fn collect_messages(&self) -> bool {
        let replies = &mut self.shared.scratch.borrow_mut().replies.bytes;
        collect(&self.session.client, replies)
    }

    /// Executes what the first `count` bytes of the thread's input buffer complete.
    fn execute_fresh(&mut self, count: usize) -> Stop {
        add(&self.session.client.activity.read_bytes, count);
        self.shared.recorder.read(count);
        let shared = self.shared;
        let Scratch { input, requests, replies } = &mut *shared.scratch.borrow_mut();
        let input = input.get_mut(..count).unwrap_or_default();
        if !self.input.is_empty() {
            self.input.extend_from_slice(input);
            return self.execute_own(replies);
        }
        // The usual case: whole requests, executed where the read has put them.
        let stop = self.execute(input, requests, replies);
        self.input.extend_from_slice(input.get(requests.done_bytes()..).unwrap_or_default());
        requests.forget_done();
        if !requests.is_empty() || requests.error().is_some() {
            self.requests = std::mem::take(requests);
        }
        stop
    }

    /// Goes on with what was left.
    fn execute_kept(&mut self) -> Stop {
        let shared = self.shared;
        self.execute_own(&mut shared.scratch.borrow_mut().replies)
    }

    fn execute_own(&mut self, replies: &mut Replies) -> Stop {
        let mut input = std::mem::take(&mut self.input);
        let mut requests = std::mem::take(&mut self.requests);
        let stop = self.execute(&mut input, &mut requests, replies);
        input.drain(..requests.done_bytes());
        requests.forget_done();
        if input.is_empty() {
            input.shrink_to(KEPT_INPUT_BYTES);
        }
        (self.input, self.requests) = (input, requests);
        stop
    }

    /// Executes the requests of `input`, a batch at most, and leaves what they are answered in `replies`.
    fn execute(
        &mut self,
        input: &mut [u8],
        requests: &mut Requests,
        replies: &mut Replies,
    ) -> Stop {
        let shared = self.shared;
        let mut config = shared.config.borrow_mut();
        let may_be_more = self.parse(input, requests, config.get(&shared.node.config));
        let input = &*input;
        let now_ms = unix_ms();
        let activity = &self.session.client.activity;
        activity.last_interaction_ms.store(now_ms, Relaxed);
        let mut batch = Batch::new(&shared.node, &shared.recorder, &mut config, now_ms);
        batch.plan(self.session.db, requests.iter(input), &mut replies.plan);
        let mut stop = if may_be_more { Stop::Full } else { Stop::Starved };
        let before = requests.len();
        for planned in &replies.plan.requests {
            let (planned, Some(args)) = (*planned, requests.peek(input)) else { break };
            if let Some(writes) = batch.is_paused(planned, &self.session) {
                stop = Stop::Paused { writes };
                break;
            }
            batch.execute(planned, &mut self.session, args, &mut replies.bytes);
            requests.take();
            // What was said while it ran, by itself perhaps, comes behind its reply.
            if self.session.client.inbox_bytes() != 0 {
                collect(&self.session.client, &mut replies.bytes);
            }
            if self.session.after != After::Nothing {
                stop = Stop::After;
                break;
            }
            if replies.bytes.len() >= WRITE_BYTES {
                stop = Stop::Full;
                break;
            }
        }
        batch.finish();
        add(&self.session.client.activity.commands, before - requests.len());
        if requests.is_empty()
            && let Some(error) = requests.error()
            && !matches!(stop, Stop::After)
        {
            error.write(&mut ReplyWriter::new(&mut replies.bytes, self.session.protocol));
            stop = Stop::Broken;
        }
        stop
    }

    /// Parses a batch, unless some requests are left of the last; answers whether whole requests may
    /// lie behind it.
    fn parse(&mut self, input: &mut [u8], requests: &mut Requests, config: &Config) -> bool {
        if requests.error().is_some() {
            return false;
        }
        if !requests.is_empty() {
            return true;
        }
        let authenticated = self.session.authenticated || self.shared.node.access.is_open();
        // Whoever has not said the password gets little room, until AUTH has run.
        let max = if authenticated { BATCH_REQUESTS } else { 1 };
        let limits = Limits {
            max_bulk_len: usize::try_from(config.proto_max_bulk_len_bytes).unwrap_or(usize::MAX),
            max_args: config.proto_max_multibulk_len as usize,
            authenticated,
            ..Limits::default()
        };
        requests.parse(&mut self.parser, input, &limits, max);
        requests.len() == max
    }

    /// Sends the replies that the last batch has left, but first lets the other connections of the
    /// thread execute what has arrived for them. So a burst of writes follows a burst of reads, and
    /// a client that talks over many connections is woken once, not once for each.
    async fn send_after_others(&mut self) -> Result<(), End> {
        let held = self.shared.scratch.borrow_mut().replies.hold_back();
        if let Some(held) = held {
            go_to_the_end_of_the_queue().await;
            self.shared.scratch.borrow_mut().replies.put_back(held);
        }
        self.send().await
    }

    /// Sends the replies that the last batch has left, or puts them behind those that wait.
    async fn send(&mut self) -> Result<(), End> {
        let shared = self.shared;
        {
            let replies = &mut shared.scratch.borrow_mut().replies;
            let count = replies.bytes.len();
            if count == 0 {
                return Ok(());
            }
            shared.recorder.wrote(count);
            add(&self.session.client.activity.written_bytes, count);
            if self.unsent.is_empty() {
                let sent = match self.stream.try_write(&replies.bytes) {
                    Ok(sent) => sent,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                    Err(error) => {
                        replies.clear();
                        return Err(End::Io(error));
                    }
                };
                if sent == count {
                    replies.clear();
                    return Ok(());
                }
                self.unsent.begin(std::mem::take(&mut replies.bytes), sent);
            } else {
                self.unsent.append(&mut replies.bytes);
            }
        }
        self.send_some().await
    }

    /// Sends what the client takes now, and more if too much waits for it.
    async fn send_some(&mut self) -> Result<(), End> {
        poll_fn(|context| match self.poll_send(context) {
            Poll::Pending if self.unsent.len() < UNREAD_MAX_BYTES => Poll::Ready(Ok(())),
            Poll::Pending => self.attention.poll_end(context).map(|()| Err(End::Ended)),
            sent => sent,
        })
        .await
    }

    /// Sends what waits; ready when that is all.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<Result<(), End>> {
        let client = &self.session.client;
        let limits = self.shared.config().client_output_buffer_limit;
        let limit = if client.has(flag::PUBSUB) { limits.pubsub } else { limits.normal };
        let sent = self.unsent.poll_send(context, &mut self.stream, limit, client.inbox_bytes());
        let activity = &client.activity;
        activity.output_bytes.store(self.unsent.len(), Relaxed);
        activity.output_capacity_bytes.store(self.unsent.capacity(), Relaxed);
        sent.map_err(|stuck| match stuck {
            Stuck::OverLimit => End::OutputBuffer,
            Stuck::Io(error) => End::Io(error),
        })
    }

    /// Sends what waits, and then waits itself until the connection has to end.
    async fn stay(&mut self) -> End {
        poll_fn(|context| match self.poll_send(context) {
            Poll::Ready(Err(end)) => Poll::Ready(end),
            _ => self.attention.poll_end(context).map(|()| End::Ended),
        })
        .await
    }

    /// Ends the connection once all is sent that waits.
    async fn close(&mut self) -> End {
        let sent = poll_fn(|context| match self.poll_send(context) {
            Poll::Pending => self.attention.poll_end(context).map(|()| Err(End::Ended)),
            sent => sent,
        });
        sent.await.err().unwrap_or(End::Closed)
    }

    async fn sit_out_pause(&mut self, writes: bool) -> Result<(), End> {
        let client = self.session.client.clone();
        client.set_flag(flag::BLOCKED, true);
        let pause = &self.shared.node.pause;
        let ended = tokio::select! {
            () = pause.ended(writes) => Ok(()),
            end = self.stay() => Err(end),
        };
        client.set_flag(flag::BLOCKED, false);
        ended
    }

    /// DEBUG SLEEP answers when it has slept, and so does what stood before it in the pipeline.
    async fn sleep(&mut self) -> Result<(), End> {
        let After::SleepMs(duration_ms) = self.session.after else { return Ok(()) };
        let held = std::mem::take(&mut self.shared.scratch.borrow_mut().replies.bytes);
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(duration_ms)) => {}
            end = self.stay() => return Err(end),
        }
        self.shared.scratch.borrow_mut().replies.bytes = held;
        Ok(())
    }

    /// Does what the last command could not do itself.
    async fn follow_up(&mut self) -> Result<(), End> {
        match std::mem::take(&mut self.session.after) {
            After::Nothing => Ok(()),
            After::Close | After::Shutdown => Err(self.close().await),
            // Slept already, before the reply was sent.
            After::SleepMs(_) => Ok(()),
            // Boxed: few connections ever wait, and the others need not have room for it.
            After::AwaitConfirmed(wait) => Box::pin(self.await_confirmed(wait)).await,
            After::AwaitScript => Box::pin(self.await_script()).await,
            After::AwaitKeys { timeout_ms, silent } => {
                Box::pin(self.await_keys(timeout_ms, silent)).await
            }
            After::AwaitSnapshot(number) => Box::pin(self.await_snapshot(number)).await,
        }
    }

    /// Before more is read: is what has arrived within bounds?
    fn check_input(&self) -> Result<(), End> {
        let activity = &self.session.client.activity;
        activity.argument_bytes.store(0, Relaxed);
        activity.query_bytes.store(self.input.len(), Relaxed);
        activity.query_free_bytes.store(self.input.capacity() - self.input.len(), Relaxed);
        let mut config = self.shared.config.borrow_mut();
        let limit = config.get(&self.shared.node.config).client_query_buffer_limit_bytes;
        let limit = limit.min(MAX_INPUT_BYTES);
        // What waits for EXEC is input that is not done with.
        let waiting_bytes = self.input.len() as u64 + self.session.queued_bytes() as u64;
        if waiting_bytes > limit { Err(End::QueryBuffer) } else { Ok(()) }
    }
}

/// Puts what others have sent to `client` behind `replies`; false: there is nothing.
fn collect(client: &ClientHandle, replies: &mut Vec<u8>) -> bool {
    let before = replies.len();
    while replies.len() < before + WRITE_BYTES
        && let Some(message) = client.pop()
    {
        replies.extend_from_slice(&message);
    }
    replies.len() > before
}

/// Lets every task run that is ready. Unlike tokio's `yield_now` it does not ask the system for new
/// events first.
async fn go_to_the_end_of_the_queue() {
    let mut queued = false;
    poll_fn(|context| {
        if std::mem::replace(&mut queued, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Adds to a number that only this thread changes.
fn add(counter: &AtomicU64, by: usize) {
    counter.store(counter.load(Relaxed).wrapping_add(by as u64), Relaxed);
}

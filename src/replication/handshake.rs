//! The handshake of a peer connection, as state machines without I/O for both sides.
//!
//! | who | frame | what |
//! |---|---|---|
//! | dialler | Hello | version, nonce |
//! | acceptor | Challenge | version, nonce |
//! | dialler | Proof | its greeting, proven |
//! | acceptor | Welcome | its greeting and from where to go on, proven |
//! | or | Refusal | why not, proven unless the secret differs |
//!
//! What is proven carries an HMAC-SHA-256, keyed by `cluster-secret`, over what it is, both nonces
//! and the message. So no proof is good for another connection or for the other side, and nothing
//! about a node is told before its peer has proven the secret: the dialler tells first. The secret
//! keeps strangers out; it does not encrypt, and who can change what travels is not kept out by it.

use super::{Frame, Greeting, Refusal, Resume, SealedFrame};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

/// The longest message of a handshake: it may name all nodes.
pub const HANDSHAKE_LIMIT_BYTES: usize = 64 << 10;

/// Random bytes that each side draws for each connection.
pub type Nonce = [u8; 32];

/// The version of what peers say to each other.
const VERSION: u32 = 2;
const PROOF_BYTES: usize = 32;

/// What a frame of the handshake is: kinds that no later message has.
mod kind {
    pub const HELLO: u8 = 0xF0;
    pub const CHALLENGE: u8 = 0xF1;
    pub const PROOF: u8 = 0xF2;
    pub const WELCOME: u8 = 0xF3;
    pub const REFUSAL: u8 = 0xF4;
}

/// Why a handshake has failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    #[error("a message that cannot be read, or is out of place")]
    Malformed,
    #[error("it speaks version {version}, this node version {VERSION}")]
    Version { version: u32 },
    #[error("the secret is another one (cluster-secret)")]
    Secret,
    #[error("it refuses this node: {0}")]
    Refused(Refusal),
}

#[derive(Serialize, Deserialize)]
struct Welcome {
    greeting: Greeting,
    resume: Resume,
}

/// The side that dials, before it has heard anything.
pub struct Dialler {
    secret: Vec<u8>,
    nonce: Nonce,
    greeting: Greeting,
}

/// The side that dials, after it has proven the secret.
pub struct Challenged(Exchange);

/// The side that accepts, before it has heard anything.
pub struct Acceptor {
    secret: Vec<u8>,
    nonce: Nonce,
}

/// The side that accepts, after it has challenged.
pub struct Greeted(Exchange);

/// The side that accepts, after its peer has proven the secret: it may be let in.
pub struct Proven {
    exchange: Exchange,
    peer: Greeting,
}

impl Dialler {
    /// `nonce`: random, used for nothing else.
    #[must_use]
    pub fn new(secret: &[u8], nonce: Nonce, greeting: Greeting) -> Dialler {
        Dialler { secret: secret.to_vec(), nonce, greeting }
    }

    /// What it says first.
    #[must_use]
    pub fn hello(&self) -> SealedFrame {
        opening(kind::HELLO, self.nonce)
    }

    /// Answers the challenge.
    ///
    /// # Errors
    /// Close the connection, and log why.
    pub fn challenged(self, frame: &Frame) -> Result<(Challenged, SealedFrame), HandshakeError> {
        let acceptor = read_opening(kind::CHALLENGE, frame)?;
        let exchange = Exchange { secret: self.secret, dialler: self.nonce, acceptor };
        let proof = exchange.prove(kind::PROOF, &self.greeting);
        Ok((Challenged(exchange), proof))
    }
}

impl Challenged {
    /// Who has accepted, and from where to go on.
    ///
    /// # Errors
    /// Close the connection, and log why. A refusal is true, except that anybody can say that the
    /// secret is another one.
    pub fn answered(self, frame: &Frame) -> Result<(Greeting, Resume), HandshakeError> {
        if frame.kind == kind::REFUSAL {
            return Err(match self.0.verify(kind::REFUSAL, frame) {
                Ok(refusal) => HandshakeError::Refused(refusal),
                Err(error) => error,
            });
        }
        let Welcome { greeting, resume } = self.0.verify(kind::WELCOME, frame)?;
        Ok((greeting, resume))
    }
}

impl Acceptor {
    /// `nonce`: random, used for nothing else.
    #[must_use]
    pub fn new(secret: &[u8], nonce: Nonce) -> Acceptor {
        Acceptor { secret: secret.to_vec(), nonce }
    }

    /// Challenges who has said hello.
    ///
    /// # Errors
    /// Send the reply, if there is one, close the connection, and log why.
    pub fn greeted(self, frame: &Frame) -> Result<(Greeted, SealedFrame), Rejected> {
        let challenge = opening(kind::CHALLENGE, self.nonce);
        match read_opening(kind::HELLO, frame) {
            Ok(dialler) => {
                let exchange = Exchange { secret: self.secret, dialler, acceptor: self.nonce };
                Ok((Greeted(exchange), challenge))
            }
            // The challenge tells the peer which version is spoken here.
            Err(error @ HandshakeError::Version { .. }) => {
                Err(Rejected { error, reply: Some(challenge) })
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Greeted {
    /// Checks the answer to the challenge.
    ///
    /// # Errors
    /// Send the reply, if there is one, close the connection, and log why.
    pub fn proven(self, frame: &Frame) -> Result<Proven, Rejected> {
        match self.0.verify(kind::PROOF, frame) {
            Ok(peer) => Ok(Proven { exchange: self.0, peer }),
            Err(error @ HandshakeError::Secret) => {
                let reply = self.0.prove(kind::REFUSAL, &Refusal::Secret);
                Err(Rejected { error, reply: Some(reply) })
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Proven {
    /// Who it is.
    #[must_use]
    pub fn peer(&self) -> &Greeting {
        &self.peer
    }

    /// Lets it in: what it says from now on goes on behind `resume`.
    #[must_use]
    pub fn welcome(&self, greeting: Greeting, resume: Resume) -> SealedFrame {
        self.exchange.prove(kind::WELCOME, &Welcome { greeting, resume })
    }

    /// Does not let it in.
    #[must_use]
    pub fn refusal(&self, refusal: &Refusal) -> SealedFrame {
        self.exchange.prove(kind::REFUSAL, refusal)
    }
}

/// Why an acceptor turns a peer away, and what it tells it.
#[derive(Debug)]
pub struct Rejected {
    pub error: HandshakeError,
    pub reply: Option<SealedFrame>,
}

impl From<HandshakeError> for Rejected {
    fn from(error: HandshakeError) -> Rejected {
        Rejected { error, reply: None }
    }
}

/// What the proofs of one connection rest on.
struct Exchange {
    secret: Vec<u8>,
    dialler: Nonce,
    acceptor: Nonce,
}

impl Exchange {
    fn prove(&self, kind: u8, message: &impl Serialize) -> SealedFrame {
        let message = to_bytes(message);
        let proof = self.mac(kind, &message).finalize().into_bytes();
        SealedFrame::new(kind, [&proof[..], &message].concat())
    }

    fn verify<T: DeserializeOwned>(&self, kind: u8, frame: &Frame) -> Result<T, HandshakeError> {
        if frame.kind != kind {
            return Err(HandshakeError::Malformed);
        }
        let parts = frame.payload.split_at_checked(PROOF_BYTES);
        let (proof, message) = parts.ok_or(HandshakeError::Malformed)?;
        // Takes the same time wherever they differ.
        let checked = self.mac(kind, message).verify_slice(proof);
        checked.map_err(|_| HandshakeError::Secret)?;
        from_bytes(message)
    }

    /// Of a message. Its kind says which side speaks.
    fn mac(&self, kind: u8, message: &[u8]) -> Hmac<Sha256> {
        // A key of the length of a block; a secret may have any.
        let mut key = [0; 64];
        key[..32].copy_from_slice(&Sha256::digest(&self.secret));
        let mac = Hmac::new(&key.into());
        let mac = mac.chain_update(b"headcount peer").chain_update(VERSION.to_le_bytes());
        mac.chain_update([kind])
            .chain_update(self.dialler)
            .chain_update(self.acceptor)
            .chain_update(message)
    }
}

/// Hello and Challenge.
fn opening(kind: u8, nonce: Nonce) -> SealedFrame {
    SealedFrame::new(kind, to_bytes(&(VERSION, nonce)))
}

fn read_opening(kind: u8, frame: &Frame) -> Result<Nonce, HandshakeError> {
    if frame.kind != kind {
        return Err(HandshakeError::Malformed);
    }
    // Another version may say something else behind it.
    let (version, nonce) =
        postcard::take_from_bytes(&frame.payload).map_err(|_| HandshakeError::Malformed)?;
    if version != VERSION {
        return Err(HandshakeError::Version { version });
    }
    from_bytes(nonce)
}

/// Never empty: nothing here can fail to be written to memory.
fn to_bytes(message: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(message).unwrap_or_default()
}

fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, HandshakeError> {
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Ok(message),
        _ => Err(HandshakeError::Malformed),
    }
}

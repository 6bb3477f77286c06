//! The handshake of peers: who knows the secret is let in, and nobody else learns anything.

use headcount::replication::handshake::{
    Acceptor, Challenged, Dialler, Greeted, HANDSHAKE_LIMIT_BYTES, HandshakeError, Nonce, Proven,
    Rejected,
};
use headcount::replication::{
    Forgotten, Frame, FrameReader, Greeting, Refusal, Resume, SealedFrame,
};
use proptest::{collection::vec, prelude::*, sample::Index};

const DIALLER: Nonce = [1; 32];
const ACCEPTOR: Nonce = [2; 32];

const HELLO: u8 = 0xF0;
const CHALLENGE: u8 = 0xF1;
const WELCOME: u8 = 0xF3;

fn greeting(node: u32) -> Greeting {
    let address = format!("node-{node}.example:7000");
    Greeting {
        node,
        epoch: 5,
        incarnation: 1 << 40,
        address,
        clients: headcount::replication::ClientAddress::default(),
        connection: 3,
        databases: 16,
        met: Vec::new(),
        run: headcount::replication::Run::default(),
        kept: 0,
        epochs: Vec::new(),
        is_outdated: false,
    }
}

/// What arrives of a frame.
fn sent(frame: &SealedFrame) -> Frame {
    let mut reader = FrameReader::new(HANDSHAKE_LIMIT_BYTES);
    reader.push(&frame.encode(0));
    reader.next_frame().expect("a good frame").expect("a whole one")
}

fn dialler(secret: &str) -> Dialler {
    Dialler::new(secret.as_bytes(), DIALLER, greeting(1))
}

fn acceptor(secret: &str) -> Acceptor {
    Acceptor::new(secret.as_bytes(), ACCEPTOR)
}

/// Both sides, up to where the acceptor has the dialler's proof.
fn proof(dialler_secret: &str, acceptor_secret: &str) -> (Challenged, Greeted, Frame) {
    let dialler = dialler(dialler_secret);
    let hello = sent(&dialler.hello());
    let (greeted, challenge) = acceptor(acceptor_secret).greeted(&hello).expect("a good hello");
    let (challenged, proof) = dialler.challenged(&sent(&challenge)).expect("a good challenge");
    (challenged, greeted, sent(&proof))
}

fn proven() -> (Challenged, Proven) {
    let (challenged, greeted, proof) = proof("secret", "secret");
    (challenged, greeted.proven(&proof).expect("a good proof"))
}

fn welcome(proven: &Proven) -> Frame {
    sent(&proven.welcome(greeting(2), Resume { delivered: 77 }))
}

/// A frame as it came, altered.
fn altered(frame: &Frame, alter: impl FnOnce(&mut Vec<u8>)) -> Frame {
    let mut payload = frame.payload.to_vec();
    alter(&mut payload);
    Frame { kind: frame.kind, payload: payload.into() }
}

fn error_of<T>(result: Result<T, Rejected>) -> (HandshakeError, Option<Frame>) {
    let Rejected { error, reply } = result.err().expect("must be rejected");
    (error, reply.map(|reply| sent(&reply)))
}

#[test]
fn peers_with_one_secret_learn_who_the_other_is() {
    for secret in ["", "secret", &"a long one ".repeat(100)] {
        let (challenged, greeted, proof) = proof(secret, secret);
        let proven = greeted.proven(&proof).expect("a good proof");
        assert_eq!(proven.peer(), &greeting(1));
        let answer = challenged.answered(&welcome(&proven)).expect("a good welcome");
        assert_eq!(answer, (greeting(2), Resume { delivered: 77 }));
    }
}

#[test]
fn a_refusal_arrives_with_its_reason() {
    let refusals = [
        Refusal::Myself,
        Refusal::SameId,
        Refusal::Forgotten(Box::new(Forgotten {
            settled: true,
            latest: 9,
            ..Forgotten::default()
        })),
    ];
    for refusal in refusals {
        let (challenged, proven) = proven();
        let error = challenged.answered(&sent(&proven.refusal(&refusal))).expect_err("refused");
        assert_eq!(error, HandshakeError::Refused(refusal));
    }
}

#[test]
fn a_wrong_secret_is_told_to_both_sides() {
    for (one, other) in [("secret", "Secret"), ("secret", ""), ("", "secret"), ("a", "a\0")] {
        let (challenged, greeted, proof) = proof(one, other);
        let (error, reply) = error_of(greeted.proven(&proof));
        assert_eq!(error, HandshakeError::Secret);
        let error = challenged.answered(&reply.expect("a refusal")).expect_err("refused");
        assert_eq!(error, HandshakeError::Secret);
    }
}

#[test]
fn an_acceptor_without_the_secret_is_not_believed() {
    // One that lets in whoever comes, and says that it is node 2.
    let (challenged, _, _) = proof("secret", "none");
    let (_, greeted, proof) = proof("none", "none");
    let proven = greeted.proven(&proof).expect("its own secret");
    let error = challenged.answered(&welcome(&proven)).expect_err("not proven");
    assert_eq!(error, HandshakeError::Secret);
    // Nor is its refusal, but for what anybody may say.
    let (challenged, _, _) = self::proof("secret", "none");
    let forgotten = Refusal::Forgotten(Box::default());
    let error = challenged.answered(&sent(&proven.refusal(&forgotten))).expect_err("refused");
    assert_eq!(error, HandshakeError::Secret);
}

#[test]
fn nothing_about_a_node_is_told_before_its_peer_has_proven_the_secret() {
    let dialler = dialler("secret");
    let (_, challenge) = acceptor("secret").greeted(&sent(&dialler.hello())).expect("a hello");
    for frame in [dialler.hello(), challenge] {
        assert_eq!(frame.len(), 1 + 32, "a version and a nonce");
    }
    let (_, greeted, proof) = proof("none", "secret");
    let (_, reply) = error_of(greeted.proven(&proof));
    assert_eq!(reply.expect("a refusal").payload.len(), 32 + 1, "a proof and a word");
}

#[test]
fn a_recorded_proof_is_of_no_use_on_another_connection() {
    let (_, _, recorded) = proof("secret", "secret");
    let hello = sent(&dialler("secret").hello());
    let later = Acceptor::new(b"secret", [3; 32]);
    let (greeted, _) = later.greeted(&hello).expect("a good hello");
    assert_eq!(error_of(greeted.proven(&recorded)).0, HandshakeError::Secret);
}

#[test]
fn a_recorded_welcome_is_of_no_use_on_another_connection() {
    let (_, proven) = proven();
    let recorded = welcome(&proven);
    let later = Dialler::new(b"secret", [3; 32], greeting(1));
    let (_, challenge) = acceptor("secret").greeted(&sent(&later.hello())).expect("a hello");
    let (challenged, _) = later.challenged(&sent(&challenge)).expect("a challenge");
    assert_eq!(challenged.answered(&recorded), Err(HandshakeError::Secret));
}

#[test]
fn a_proof_cannot_be_reflected() {
    // Who does not know the secret dials, has the acceptor dial it, and hands it its own words: the
    // nonces are the same both ways.
    let (_, _, proof) = proof("secret", "secret");
    for kind in [WELCOME, proof.kind] {
        let reflected = Frame { kind, payload: proof.payload.clone() };
        let (again, _, _) = self::proof("secret", "secret");
        assert!(again.answered(&reflected).is_err(), "{kind:#x}");
    }
    let (_, proven) = proven();
    let welcome = welcome(&proven);
    let reflected = Frame { kind: proof.kind, payload: welcome.payload.clone() };
    let (_, greeted, _) = self::proof("secret", "secret");
    assert_eq!(error_of(greeted.proven(&reflected)).0, HandshakeError::Secret);
}

#[test]
fn a_peer_of_another_version_is_told_so() {
    let newer = |kind| Frame { kind, payload: vec![3, b'?'].into() };
    let (error, reply) = error_of(acceptor("secret").greeted(&newer(HELLO)));
    assert_eq!(error, HandshakeError::Version { version: 3 });
    assert_eq!(reply.map(|reply| (reply.kind, reply.payload[0])), Some((CHALLENGE, 2)));
    let error = dialler("secret").challenged(&newer(CHALLENGE)).err();
    assert_eq!(error, Some(HandshakeError::Version { version: 3 }));
}

#[test]
fn a_message_out_of_place_is_refused() {
    let hello = sent(&dialler("secret").hello());
    let (_, _, proof) = proof("secret", "secret");
    assert_eq!(dialler("secret").challenged(&hello).err(), Some(HandshakeError::Malformed));
    assert_eq!(error_of(acceptor("secret").greeted(&proof)).0, HandshakeError::Malformed);
    let (challenged, greeted, proof) = self::proof("secret", "secret");
    assert_eq!(error_of(greeted.proven(&hello)), (HandshakeError::Malformed, None));
    assert_eq!(challenged.answered(&proof), Err(HandshakeError::Malformed));
}

#[test]
fn the_longest_address_fits() {
    let address = format!("{}:65535", "a".repeat(255));
    let longest = Greeting { address, ..greeting(u32::MAX) };
    let dialler = Dialler::new(b"secret", DIALLER, longest.clone());
    let (greeted, challenge) = acceptor("secret").greeted(&sent(&dialler.hello())).expect("hello");
    let (challenged, proof) = dialler.challenged(&sent(&challenge)).expect("a challenge");
    let proven = greeted.proven(&sent(&proof)).expect("a proof");
    let welcome = sent(&proven.welcome(longest.clone(), Resume { delivered: u64::MAX }));
    assert_eq!(challenged.answered(&welcome), Ok((longest, Resume { delivered: u64::MAX })));
}

proptest! {
    #[test]
    fn cut_and_damaged_messages_are_refused(
        at in any::<Index>(),
        bit in 0u32..8,
        cut in any::<bool>(),
    ) {
        let alter = |payload: &mut Vec<u8>| {
            let at = at.index(payload.len());
            if cut { payload.truncate(at) } else { payload[at] ^= 1 << bit }
        };
        let (challenged, greeted, proof) = proof("secret", "secret");
        prop_assert!(greeted.proven(&altered(&proof, alter)).is_err());
        let (_, proven) = proven();
        prop_assert!(challenged.answered(&altered(&welcome(&proven), alter)).is_err());
        // A nonce may be any, but then nothing that rests on it is good.
        let hello = altered(&sent(&dialler("secret").hello()), alter);
        if let Ok((greeted, _)) = acceptor("secret").greeted(&hello) {
            prop_assert!(greeted.proven(&proof).is_err());
        }
    }

    #[test]
    fn any_message_is_read_or_refused(kind in 0xF0u8..0xF6, payload in vec(any::<u8>(), 0..80)) {
        let frame = Frame { kind, payload: payload.into() };
        prop_assert!(acceptor("secret").greeted(&frame).is_err() || kind == HELLO);
        prop_assert!(dialler("secret").challenged(&frame).is_err() || kind == CHALLENGE);
        let (challenged, greeted, _) = proof("secret", "secret");
        prop_assert!(greeted.proven(&frame).is_err());
        prop_assert!(challenged.answered(&frame).is_err());
    }
}

use super::*;
use crate::node::NewClient;

const LIMIT: BufferLimit = BufferLimit { hard_bytes: 1 << 20, soft_bytes: 0, soft_s: 0 };

fn client(id: u64) -> Arc<ClientHandle> {
    let new =
        NewClient { addr: String::new(), laddr: String::new(), unix_socket: false, created_ms: 0 };
    Arc::new(ClientHandle::new(id, new))
}

fn heard(client: &ClientHandle) -> Vec<String> {
    let text = |message: bytes::Bytes| String::from_utf8_lossy(&message).replace("\r\n", " ");
    std::iter::from_fn(|| client.pop().map(text)).collect()
}

#[test]
fn who_has_subscribed_hears_it_once_for_each_subscription() {
    let (pubsub, client) = (PubSub::default(), client(1));
    assert!(pubsub.subscribe(Space::Channels, b"news", &client));
    assert!(!pubsub.subscribe(Space::Channels, b"news", &client));
    assert!(pubsub.subscribe(Space::Patterns, b"n*", &client));
    assert!(pubsub.subscribe(Space::Patterns, b"*s", &client));
    assert!(pubsub.subscribe(Space::ShardChannels, b"news", &client));
    assert_eq!(pubsub.publish(b"news", b"hi", LIMIT), 3);
    assert_eq!(pubsub.publish(b"olds", b"ho", LIMIT), 1);
    assert_eq!(pubsub.publish_to_shard(b"news", b"ha", LIMIT), 1);
    assert_eq!(
        heard(&client),
        [
            "*3 $7 message $4 news $2 hi ",
            "*4 $8 pmessage $2 n* $4 news $2 hi ",
            "*4 $8 pmessage $2 *s $4 news $2 hi ",
            "*4 $8 pmessage $2 *s $4 olds $2 ho ",
            "*3 $8 smessage $4 news $2 ha ",
        ]
    );
}

#[test]
fn nothing_is_left_of_a_client_that_is_gone() {
    let (pubsub, gone, stays) = (PubSub::default(), client(1), client(2));
    for number in 0..100 {
        let name = format!("channel:{number}");
        Space::ALL.iter().for_each(|space| {
            pubsub.subscribe(*space, name.as_bytes(), &gone);
        });
    }
    pubsub.subscribe(Space::Channels, b"channel:7", &stays);
    assert_eq!(pubsub.clients(), 2);
    pubsub.leave(&gone);
    pubsub.leave(&gone);
    assert_eq!(Space::ALL.map(|space| pubsub.count(space)), [1, 0, 0]);
    assert_eq!(pubsub.subscribers(Space::Channels, b"channel:7"), 1);
    assert_eq!((pubsub.clients(), gone.subscriptions().bytes()), (1, 0));
    assert_eq!(pubsub.publish(b"channel:7", b"x", LIMIT), 1);
    assert!(heard(&gone).is_empty());
}

#[test]
fn a_subscriber_that_does_not_read_is_closed_and_the_others_hear_all() {
    let (pubsub, slow, quick) = (PubSub::default(), client(1), client(2));
    for client in [&slow, &quick] {
        pubsub.subscribe(Space::Channels, b"c", client);
    }
    let payload = vec![b'x'; 1000];
    for _ in 0..2000 {
        pubsub.publish(b"c", &payload, LIMIT);
        assert_eq!(heard(&quick).len(), 1);
    }
    assert!(slow.killed() && !quick.killed());
    assert_eq!(slow.inbox_bytes(), 0, "what it will not read is freed");
}

/// All hear the messages of several publishers in one order, and those of each in its order.
#[test]
fn publishers_at_once_are_heard_in_one_order() {
    let pubsub = PubSub::default();
    let clients: Vec<_> = (1..=8).map(client).collect();
    for client in &clients {
        pubsub.subscribe(Space::Channels, b"c", client);
        pubsub.subscribe(Space::Patterns, b"?", client);
    }
    let none = BufferLimit { hard_bytes: 0, soft_bytes: 0, soft_s: 0 };
    std::thread::scope(|scope| {
        for publisher in 0..4 {
            let pubsub = &pubsub;
            scope.spawn(move || {
                for number in 0..500 {
                    let payload = format!("{publisher}:{number:03}");
                    assert_eq!(pubsub.publish(b"c", payload.as_bytes(), none), 16);
                }
            });
        }
    });
    let first = heard(&clients[0]);
    assert_eq!(first.len(), 4 * 500 * 2);
    for publisher in 0..4 {
        let own = format!(" {publisher}:");
        let of_one: Vec<_> = first.iter().filter(|message| message.contains(&own)).collect();
        let texts: Vec<_> = of_one.iter().map(|message| &message[message.len() - 6..]).collect();
        assert!(texts.is_sorted(), "{texts:?}");
    }
    assert!(clients.iter().skip(1).all(|client| heard(client) == first));
}

//! What ONCE has answered is kept with what it did.

use crate::server::Place;
use rustix::process::Signal;

#[test]
fn a_retry_after_a_crash_is_answered_as_before() {
    let mut place = Place::new(&["--appendfsync", "always"]);
    place.start();
    assert_eq!(place.ask(&["ONCE", "token", "INCR", "k"]), "(integer) 1");
    for how in ["log", "snapshot"] {
        if how == "snapshot" {
            assert_eq!(place.ask(&["SAVE"]), "OK");
        }
        place.signal(Signal::KILL);
        place.start();
        assert_eq!(place.ask(&["ONCE", "token", "INCR", "k"]), "(integer) 1", "{how}");
        assert_eq!(place.ask(&["GET", "k"]), "\"1\"", "{how}");
    }
}

//! With `everysec` a disk that is far behind makes writers wait, so that no more than about two seconds of
//! acknowledged writes are ever at risk.

use headcount::config::Config;
use headcount::node::Disk;
use headcount::peer::make_cluster;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn disk() -> Disk {
    let config = Config::default();
    assert!(config.appendonly);
    let cluster = make_cluster(&config, false).expect("a cluster").expect("an engine");
    Disk::new(Arc::new(cluster))
}

#[test]
fn who_wrote_waits_while_the_disk_is_far_behind() {
    let disk = disk();
    let taken = Instant::now();
    let is_behind =
        |wrote, after_ms| disk.is_behind(wrote, || taken + Duration::from_millis(after_ms));
    assert!(!is_behind(1, 60_000), "nothing waits to be written");
    disk.set_pending(Some(taken));
    assert!(!is_behind(1, 1_900));
    assert!(is_behind(1, 2_100));
    assert!(!is_behind(0, 2_100), "who has written nothing waits for nothing");
    disk.set_failure(Some("No space left on device".to_owned()));
    assert!(!is_behind(1, 2_100), "writes are refused instead");
    disk.set_failure(None);
    assert!(is_behind(1, 2_100));
    disk.set_pending(None);
    assert!(!is_behind(1, 2_100), "all is durable");
}

#[test]
fn who_waits_is_answered_when_the_disk_has_caught_up() {
    let disk = Arc::new(disk());
    disk.set_pending(Some(Instant::now()));
    std::thread::sleep(Duration::from_millis(2_050));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(async {
        let waiting = disk.clone();
        let answered = tokio::spawn(async move { waiting.caught_up(1).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!answered.is_finished());
        disk.set_pending(None);
        disk.note_change();
        answered.await.expect("no panic");
    });
}

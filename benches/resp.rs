//! What the protocol costs per command: pipelines of 16 INCRs, parsed and answered.
//!
//! `cargo bench --bench resp`. The times are per command, not per pipeline.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use headcount::resp::{Limits, Protocol, ReplyWriter, RequestParser};
use redis_protocol::{resp2, resp3};

const PIPELINE: usize = 16;

/// INCRs of different keys, as redis-benchmark sends them.
fn pipeline() -> Vec<u8> {
    let request = |key: usize| format!("*2\r\n$4\r\nINCR\r\n$16\r\nkey:{key:012}\r\n");
    (0..PIPELINE).map(request).collect::<String>().into_bytes()
}

/// Times pipelines, but counts commands.
fn per_command(commands: u64, mut run_pipeline: impl FnMut()) -> Duration {
    let pipelines = commands.div_ceil(PIPELINE as u64);
    let start = Instant::now();
    (0..pipelines).for_each(|_| run_pipeline());
    start.elapsed().mul_f64(commands as f64 / (pipelines * PIPELINE as u64) as f64)
}

fn in_place(criterion: &mut Criterion) {
    let mut buf = pipeline();
    let (mut parser, limits, mut spans) = (RequestParser::default(), Limits::default(), Vec::new());
    let mut parse = move || {
        spans.clear();
        let mut consumed = 0;
        while let Ok(Some(request)) = parser.next(&mut buf, &mut consumed, &limits, &mut spans) {
            black_box(request);
        }
        assert_eq!(spans.len(), 2 * PIPELINE);
    };
    criterion.bench_function("parse/in place", |bencher| {
        bencher.iter_custom(|commands| per_command(commands, &mut parse));
    });

    let mut out = Vec::new();
    let mut write = move || {
        out.clear();
        let mut reply = ReplyWriter::new(&mut out, Protocol::Resp2);
        (0..PIPELINE as i64).for_each(|count| reply.integer(black_box(count * 100_000)));
        black_box(&out);
    };
    criterion.bench_function("write/integers", |bencher| {
        bencher.iter_custom(|commands| per_command(commands, &mut write));
    });

    criterion.bench_function("parse and write", |bencher| {
        bencher.iter_custom(|commands| {
            per_command(commands, || {
                parse();
                write();
            })
        });
    });
}

fn redis_protocol(criterion: &mut Criterion) {
    let buf = pipeline();
    criterion.bench_function("parse/redis-protocol, resp2", |bencher| {
        bencher.iter_custom(|commands| {
            per_command(commands, || {
                let mut rest = &buf[..];
                while let Ok(Some((frame, len))) = resp2::decode::decode_range(rest) {
                    black_box(frame);
                    rest = &rest[len..];
                }
                assert!(rest.is_empty());
            })
        });
    });
    criterion.bench_function("parse/redis-protocol, resp3", |bencher| {
        bencher.iter_custom(|commands| {
            per_command(commands, || {
                let mut rest = &buf[..];
                while let Ok(Some((frame, len))) = resp3::decode::complete::decode_range(rest) {
                    black_box(frame);
                    rest = &rest[len..];
                }
                assert!(rest.is_empty());
            })
        });
    });
}

criterion_group!(benches, in_place, redis_protocol);
criterion_main!(benches);

//! SIGINT and SIGTERM in work that does not ask for them.
#![cfg(target_os = "linux")]

mod support;

use std::time::{Duration, Instant};

use support::{end, npy_f32, npy_i64, npz, signal, start};

#[test]
fn work_that_does_not_ask_is_ended_within_seconds_and_a_second_signal_ends_at_once() {
    let root = tempfile::tempdir().unwrap();
    // Matrices of a thousand columns, inverted some hundred times: minutes between two looks at the signals.
    let x = npy_f32(60, 1000, |i, j| {
        ((i * 37 + j * 101 + i * i * j) % 9973) as f32
    });
    let y: Vec<i64> = (0..60).map(|i| i64::from(i >= 50)).collect();
    let set = npz(root.path(), "wide.npz", &[("X", x), ("y", npy_i64(&y))]);
    let words = ["run", "--dataset", set.to_str().unwrap(), "--method", "mcd"];
    for (signals, code, most) in [
        (&["TERM"][..], 143, 10.0),
        (&["INT"], 130, 10.0),
        (&["INT", "INT"], 130, 1.5),
    ] {
        let child = start(root.path(), &words);
        std::thread::sleep(Duration::from_millis(1500));
        let sent = Instant::now();
        for name in signals {
            signal(&child, name);
            std::thread::sleep(Duration::from_millis(200));
        }
        assert_eq!(end(child).code, Some(code));
        let seconds = sent.elapsed().as_secs_f64();
        assert!(seconds < most, "{signals:?}: {seconds} s");
    }
}

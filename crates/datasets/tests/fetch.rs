//! Downloads from a server on this machine that misbehaves on demand.
#![cfg(feature = "fetch")]
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use datasets::fetch::fetch_from;
use datasets::{DatasetError, Entry, ErrorKind, Roots, WayOut, find};
use tempfile::{TempDir, tempdir};

/// How the server answers.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Whole,
    /// Cuts the first connection in the middle of the images; honours ranges.
    CutsOnce,
    /// Cuts every connection after 100,000 more bytes; honours ranges.
    CutsAlways,
    /// Answers a range with the whole file.
    IgnoresRange,
    /// Sends other bytes.
    Wrong,
    Status(u16),
}

struct Server {
    url: String,
    log: Arc<Log>,
}

/// The path and the range of each request.
type Log = Mutex<Vec<(String, Option<u64>)>>;

fn serve(manner: Manner) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mirror/", listener.local_addr().unwrap());
    let log = Arc::new(Mutex::new(Vec::new()));
    let server_log = Arc::clone(&log);
    // Ends with the test's process.
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), manner, &server_log);
        }
    });
    Server { url, log }
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")
}

fn answer(stream: TcpStream, manner: Manner, log: &Log) {
    let mut lines = BufReader::new(stream.try_clone().unwrap())
        .lines()
        .map(Result::unwrap);
    let Some(request) = lines.next() else { return };
    let path = request
        .split(' ')
        .nth(1)
        .unwrap()
        .strip_prefix("/mirror/")
        .unwrap()
        .to_owned();
    let mut range = None;
    for line in lines.take_while(|line| !line.is_empty()) {
        let line = line.to_lowercase();
        if let Some(value) = line.strip_prefix("range: bytes=") {
            range = Some(value.trim_end_matches('-').parse::<u64>().unwrap());
        }
        if range.is_some() && line.starts_with("if-range") {
            assert_eq!(line, "if-range: \"v1\"");
        }
    }
    let count = {
        let mut log = log.lock().unwrap();
        log.push((path.clone(), range));
        log.len()
    };
    let mut bytes = fs::read(data().join(path)).unwrap_or_default();
    if manner == Manner::Wrong {
        bytes[100] ^= 1;
    }
    let (status, start) = match (manner, range) {
        (Manner::Status(status), _) => (status, 0),
        (Manner::IgnoresRange, _) | (_, None) => (200, 0),
        (_, Some(start)) if start == bytes.len() as u64 => (416, start),
        (_, Some(start)) => (206, start),
    };
    let rest = &bytes[start as usize..];
    let content_range = match status {
        206 => format!(
            "Content-Range: bytes {start}-{}/{}\r\n",
            bytes.len() - 1,
            bytes.len()
        ),
        416 => format!("Content-Range: bytes */{}\r\n", bytes.len()),
        _ => String::new(),
    };
    let send = match manner {
        Manner::CutsOnce | Manner::IgnoresRange if count == 1 => rest.len() / 2,
        Manner::CutsAlways => rest.len().min(100_000),
        _ => rest.len(),
    };
    let mut stream = stream;
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nETag: \"v1\"\r\nConnection: close\r\n{content_range}\r\n",
        rest.len()
    );
    // The client may have hung up.
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(&rest[..send]));
}

fn entry() -> Entry {
    find("FashionMNIST_3@pixels").unwrap()
}

fn empty_cache() -> (TempDir, Roots) {
    let dir = tempdir().unwrap();
    let roots = Roots::of([]).with_cache(dir.path().join("data"));
    (dir, roots)
}

fn fetch(server: &Server, roots: &Roots) -> Result<Vec<PathBuf>, DatasetError> {
    fetch_from(Some(&server.url), &entry(), roots, &|_, _| {})
}

/// All files below `dir`, by name.
fn files(dir: &Path) -> Vec<String> {
    let folder = dir.join("data/fashion-mnist");
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

const NAMES: [&str; 2] = ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"];

#[test]
fn a_full_download_reports_progress_and_loads() {
    let (dir, roots) = empty_cache();
    let server = serve(Manner::Whole);
    let reports = RefCell::new(Vec::new());
    let paths = fetch_from(Some(&server.url), &entry(), &roots, &|done, total| {
        reports.borrow_mut().push((done, total));
    })
    .unwrap();
    assert_eq!(files(dir.path()), NAMES);
    assert_eq!(paths, entry().locate(&roots).unwrap());
    assert_eq!(entry().load(&roots).unwrap().n(), 1053);
    let reports = reports.into_inner();
    assert_eq!(reports.first(), Some(&(0, Some(4_422_079))));
    assert_eq!(reports.last(), Some(&(5125, Some(5125))));
    // It is there now: nothing is asked for.
    fetch(&server, &roots).unwrap();
    assert_eq!(server.log.lock().unwrap().len(), 2);
}

#[test]
fn a_set_is_fetched_once_by_whoever_comes_first() {
    let (dir, roots) = empty_cache();
    let server = serve(Manner::Whole);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| fetch(&server, &roots).unwrap());
        }
    });
    assert_eq!(server.log.lock().unwrap().len(), NAMES.len());
    assert_eq!(files(dir.path()), NAMES);
}

#[test]
fn a_cut_download_continues_where_it_was() {
    let (dir, roots) = empty_cache();
    let server = serve(Manner::CutsOnce);
    fetch(&server, &roots).unwrap();
    assert_eq!(files(dir.path()), NAMES);
    let log = server.log.lock().unwrap();
    assert_eq!(log.len(), 3);
    assert_eq!(log[0].1, None);
    assert_eq!(log[1].1, Some(4_422_079 / 2));
}

#[test]
fn what_arrived_is_kept_for_the_next_call() {
    let (dir, roots) = empty_cache();
    let bad = serve(Manner::CutsAlways);
    let error = fetch(&bad, &roots).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing);
    assert_eq!(error.way_out(), Some(WayOut::Download));
    let part = format!("{}.part", NAMES[0]);
    assert_eq!(files(dir.path()), [part.clone(), format!("{part}.etag")]);
    let kept = fs::metadata(dir.path().join("data/fashion-mnist").join(&part))
        .unwrap()
        .len();
    assert_eq!(kept, 500_000);
    let good = serve(Manner::Whole);
    fetch(&good, &roots).unwrap();
    assert_eq!(good.log.lock().unwrap()[0].1, Some(kept));
    assert_eq!(files(dir.path()), NAMES);
    entry().verify(&roots).unwrap();
}

#[test]
fn a_complete_part_is_only_checked_and_renamed() {
    let (dir, roots) = empty_cache();
    let folder = dir.path().join("data/fashion-mnist");
    fs::create_dir_all(&folder).unwrap();
    let from = data().join("fashion-mnist").join(NAMES[0]);
    fs::copy(from, folder.join(format!("{}.part", NAMES[0]))).unwrap();
    fetch(&serve(Manner::Whole), &roots).unwrap();
    assert_eq!(files(dir.path()), NAMES);
}

#[test]
fn a_server_that_ignores_ranges_starts_over() {
    let (dir, roots) = empty_cache();
    let server = serve(Manner::IgnoresRange);
    fetch(&server, &roots).unwrap();
    assert_eq!(files(dir.path()), NAMES);
    entry().verify(&roots).unwrap();
    assert!(
        server.log.lock().unwrap()[1].1.is_some(),
        "no range was asked for"
    );
}

#[test]
fn a_wrong_file_is_removed() {
    let (dir, roots) = empty_cache();
    let error = fetch(&serve(Manner::Wrong), &roots).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadData);
    assert!(
        error
            .to_string()
            .contains("sent another file than the published one"),
        "{error}"
    );
    assert!(error.to_string().contains("expected cc1d090a"), "{error}");
    assert!(files(dir.path()).is_empty());
}

#[test]
fn what_the_server_refuses_is_named() {
    let (_dir, roots) = empty_cache();
    for status in [404, 500] {
        let server = serve(Manner::Status(status));
        let error = fetch(&server, &roots).unwrap_err();
        let expected = format!(
            "cannot download {}fashion-mnist/{}: the server answered {status}",
            server.url, NAMES[0]
        );
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.kind(), ErrorKind::Missing);
        assert_eq!(server.log.lock().unwrap().len(), 1, "asked again");
    }
}

#[test]
fn offline_is_one_clear_error() {
    let (_dir, roots) = empty_cache();
    // A port that was just free.
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{address}");
    let error = fetch_from(Some(&url), &entry(), &roots, &|_, _| {}).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot download {url}/fashion-mnist/"))
    );
    assert_eq!(error.way_out(), Some(WayOut::Download));
    assert!(matches!(
        fetch_from(Some(&url), &entry(), &Roots::of([]), &|_, _| {}),
        Err(DatasetError::NoCache)
    ));
}

/// A file whose SHA-256 is not known is compared with the id git gives it: another `.npz`, however
/// valid, does not take its place.
#[test]
fn files_without_a_sha256_are_compared_with_git() {
    let (_dir, roots) = empty_cache();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
            .unwrap();
    });
    let entry = find("CIFAR10_5").unwrap();
    let error = fetch_from(Some(&url), &entry, &roots, &|_, _| {}).unwrap_err();
    // printf abc | git hash-object --stdin
    assert!(
        error
            .to_string()
            .contains("f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f"),
        "{error}"
    );
}

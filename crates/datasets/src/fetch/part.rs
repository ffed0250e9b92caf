//! A file on its way: what has arrived, and how to ask for the rest.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::http::{HeaderMap, Response};
use ureq::{Agent, Body};

/// Receives how many bytes of the current file are there, and how many there will be where known.
pub type OnProgress<'a> = &'a dyn Fn(u64, Option<u64>);

/// Why one request did not bring the rest of the file.
pub(super) enum Cut {
    /// The connection broke or the server has another version; asking again may help.
    Retry(String),
    /// Asking again is of no use.
    Final(String),
}

/// `NAME.part`, and beside it `NAME.part.etag`: the server's name for the version it is a part of.
pub(super) struct Part {
    file: File,
    path: PathBuf,
    validator: PathBuf,
}

impl Part {
    /// Opens or creates the part of `target`.
    pub(super) fn open(target: &Path) -> io::Result<Self> {
        let beside = |ending: &str| {
            let mut name = target.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        let path = beside(".part");
        Ok(Self {
            file: OpenOptions::new().create(true).append(true).open(&path)?,
            path,
            validator: beside(".part.etag"),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Drops what has arrived. That cleaning up failed would hide why it was wanted, and the hash is
    /// compared again next time.
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(&self.validator);
    }

    /// Makes it `target`, all of it or nothing.
    pub(super) fn finish(&self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, target)?;
        let _ = fs::remove_file(&self.validator);
        Ok(())
    }

    /// One request for what is missing, written block by block as it comes.
    pub(super) fn continue_from(&mut self, url: &str, progress: OnProgress<'_>) -> Result<(), Cut> {
        let path = self.path.clone();
        let disk = |error: io::Error| Cut::Final(format!("{}: {error}", path.display()));
        let mut have = self.file.metadata().map_err(disk)?.len();
        let response = self.request(url, have)?;
        let headers = response.headers();
        let total = match (response.status().as_u16(), content_range(headers)) {
            (206, Some((Some(start), total))) if start == have => total,
            // The server ignores ranges or has another version: all of it.
            (200, _) => {
                self.file.set_len(0).map_err(disk)?;
                have = 0;
                header(headers, "content-length").and_then(|length| length.parse().ok())
            }
            // Nothing lies behind what is there.
            (416, Some((None, Some(total)))) if total == have => return Ok(()),
            (206 | 416, _) => {
                self.file.set_len(0).map_err(disk)?;
                return Err(Cut::Retry("the server sent another range".to_owned()));
            }
            (status, _) => return Err(Cut::Final(format!("the server answered {status}"))),
        };
        self.remember(headers).map_err(disk)?;
        progress(have, total);
        let mut body = response.into_body().into_reader();
        let mut block = vec![0; 1 << 16];
        loop {
            let n = body
                .read(&mut block)
                .map_err(|error| Cut::Retry(error.to_string()))?;
            if n == 0 {
                break;
            }
            self.file.write_all(&block[..n]).map_err(disk)?;
            have += n as u64;
            progress(have, total);
        }
        match total {
            Some(total) if have != total => {
                Err(Cut::Retry(format!("{have} of {total} bytes arrived")))
            }
            _ => Ok(()),
        }
    }

    fn request(&self, url: &str, have: u64) -> Result<Response<Body>, Cut> {
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            // A stalled body is cut after this, and continued.
            .timeout_recv_body(Some(Duration::from_secs(600)))
            .build()
            .into();
        // Ranges count the bytes of the file, not those of a compressed transfer.
        let mut request = agent.get(url).header("Accept-Encoding", "identity");
        if have > 0 {
            request = request.header("Range", format!("bytes={have}-"));
            if let Ok(validator) = fs::read_to_string(&self.validator) {
                request = request.header("If-Range", validator);
            }
        }
        request
            .call()
            .map_err(|error| Cut::Final(error.to_string()))
    }

    /// Keeps the version's name for `If-Range`; weak names may not be used there.
    fn remember(&self, headers: &HeaderMap) -> io::Result<()> {
        let etag = header(headers, "etag").filter(|etag| !etag.starts_with("W/"));
        match etag.or_else(|| header(headers, "last-modified")) {
            Some(validator) => fs::write(&self.validator, validator),
            None if self.validator.exists() => fs::remove_file(&self.validator),
            None => Ok(()),
        }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// `bytes 5-9/10` is `(Some(5), Some(10))`, `bytes */10` is `(None, Some(10))`.
fn content_range(headers: &HeaderMap) -> Option<(Option<u64>, Option<u64>)> {
    let range = header(headers, "content-range")?.strip_prefix("bytes ")?;
    let (range, total) = range.split_once('/')?;
    let start = range
        .split_once('-')
        .and_then(|(start, _)| start.parse().ok());
    Some((start, total.parse().ok()))
}
